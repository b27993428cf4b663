/* The operating system: the only file that asks which one it is. */
#ifndef SCTP_PLATFORM_H
#define SCTP_PLATFORM_H

#include <sys/types.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <netinet/in.h>
#include <netinet/sctp.h>
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netdb.h>
#include <poll.h>
#include <stdint.h>
#include <unistd.h>

/* Peels off by the library, whose descriptor is inheritable at first. */
static inline int
platform_peeloff_inheritable(int descriptor, sctp_assoc_t id)
{
    int peeled = sctp_peeloff(descriptor, id);

    if (peeled >= 0) {
        (void)fcntl(peeled, F_SETFD, FD_CLOEXEC);
    }
    return peeled;
}

#if defined(__linux__)

#include <linux/version.h>

/* connect and connectx wait for the handshake on a blocking socket. */
#define PLATFORM_CONNECTX_WAITS 1
#define PLATFORM_LOAD_SCTP                                                  \
    "This kernel has no SCTP, or its module is not loaded: run \"modprobe " \
    "sctp\" as root (the module comes with packages such as "               \
    "linux-modules-extra or kernel-modules-extra)."

/* Addresses carry no length of their own. */
static inline void
platform_set_sockaddr_length(struct sockaddr *address, size_t length)
{
    (void)address;
    (void)length;
}

/* Members that RFC 6458 calls so have other names on Linux. */
#define shmac_number_of_idents shmac_num_idents
#define ssfe_type ssf_type
#define ssfe_flags ssf_flags
#define ssfe_error ssf_error
#define ssfe_assoc_id ssf_assoc_id

/* sctp_paddrparams has a further member. */
#define PLATFORM_SPP_SACKDELAY 1

/* Notifications carry error causes in network byte order, also where the
   member has 32 bits. */
#define PLATFORM_CAUSE(code) ntohs((uint16_t)(code))

/* Bits of a DATA chunk that notifications of failed messages carry (RFC 6458,
   6.1.11), and what headers before Linux 6.4 lack. */
#define SCTP_DATA_MIDDLE_FRAG 0
#define SCTP_DATA_LAST_FRAG 1
#define SCTP_DATA_FIRST_FRAG 2
#define SCTP_DATA_NOT_FRAG 3
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 4, 0)
#undef SCTP_SS_MAX
#define SCTP_SS_FC 3
#define SCTP_SS_WFQ 4
#define SCTP_SS_MAX SCTP_SS_WFQ
#endif

/* A list of no addresses is allocated all the same. */
#define PLATFORM_ALLOCATES_NO_ADDRESSES 1

/* An authentication key, though empty, needs a byte behind its structure. */
#define PLATFORM_EMPTY_TAIL_SIZE 1

/* A close-on-exec descriptor: the option is from Linux 4.13, and libsctp
   declares a function for it that it does not export. */
static inline int
platform_peeloff(int descriptor, sctp_assoc_t id)
{
    sctp_peeloff_flags_arg_t argument = {{id, 0}, SOCK_CLOEXEC};
    socklen_t size = sizeof argument;

    /* On success it returns the descriptor, as no other option does. */
    if (getsockopt(descriptor, IPPROTO_SCTP, SCTP_SOCKOPT_PEELOFF_FLAGS,
                   &argument, &size) >= 0) {
        return argument.p_arg.sd;
    }
    return errno == ENOPROTOOPT ? platform_peeloff_inheritable(descriptor, id)
                                : -1;
}

#elif defined(__FreeBSD__)

/* connectx only starts the handshake, also on a blocking socket. */
#define PLATFORM_CONNECTX_WAITS 0
#define PLATFORM_LOAD_SCTP                                                 \
    "This kernel has no SCTP, or its module is not loaded: run \"kldload " \
    "sctp\" as root."

static inline void
platform_set_sockaddr_length(struct sockaddr *address, size_t length)
{
    address->sa_len = (unsigned char)length;
}

#define PLATFORM_EMPTY_TAIL_SIZE 0

#define PLATFORM_SPP_SACKDELAY 0
#define PLATFORM_CAUSE(code) (code)

/* Of a list of no addresses, the pointer means nothing. */
#define PLATFORM_ALLOCATES_NO_ADDRESSES 0

static inline int
platform_peeloff(int descriptor, sctp_assoc_t id)
{
    return platform_peeloff_inheritable(descriptor, id);
}

#endif

/* The range of an association identifier: signed on Linux, unsigned on
   FreeBSD. */
#define PLATFORM_ASSOC_ID_SIGNED ((sctp_assoc_t) - 1 < 0)
#define PLATFORM_ASSOC_ID_MIN (PLATFORM_ASSOC_ID_SIGNED ? INT32_MIN : 0)
#define PLATFORM_ASSOC_ID_MAX \
    (PLATFORM_ASSOC_ID_SIGNED ? INT32_MAX : UINT32_MAX)

#endif
