/* What FreeBSD's inet_ntop() is named and AF_INET6 is, for Linux. */
#include <arpa/inet.h>

const char *
__inet_ntop(int family, const void *address, char *text, socklen_t size)
{
    return inet_ntop(family == AF_INET ? AF_INET : AF_INET6, address, text,
                     size);
}
