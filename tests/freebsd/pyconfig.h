/* The pyconfig.h of this machine's CPython, with the values of FreeBSD.  Both
   are LP64, and no other difference matters for an extension. */
#include_next <pyconfig.h>

#undef HAVE_CRYPT_H
#undef HAVE_CRYPT_R
#undef HAVE_EPOLL
#undef HAVE_EPOLL_CREATE1
#undef HAVE_GETRANDOM_SYSCALL
#undef HAVE_LIBINTL_H
#undef HAVE_LINUX_RANDOM_H
#undef HAVE_NETPACKET_PACKET_H
#undef HAVE_SENDFILE
#undef HAVE_SYS_SENDFILE_H
#undef HAVE_SYS_SYSMACROS_H
#undef HAVE_SYS_XATTR_H

#define HAVE_KQUEUE 1
#define HAVE_SOCKADDR_SA_LEN 1
#define HAVE_STRLCPY 1
#define HAVE_SYS_EVENT_H 1
