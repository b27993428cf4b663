/* Gives Linux's inet_ntop() the name and the AF_INET6 of FreeBSD. */
#include <arpa/inet.h>

const char *
__inet_ntop(int family, const void *address, char *text, socklen_t size)
{
    return inet_ntop(family == AF_INET ? AF_INET : AF_INET6, address, text,
                     size);
}
