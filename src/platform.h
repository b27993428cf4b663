/* The operating system.  No other file asks which system it is. */
#ifndef SCTP_PLATFORM_H
#define SCTP_PLATFORM_H

#include <sys/types.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <netinet/in.h>
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netdb.h>
#include <poll.h>
#include <stdint.h>
#include <unistd.h>

/* The Linux headers may be older than the running kernel.  These structures
   came after Linux 4.18 or have grown since, so this file defines them.  The
   definitions of the headers get other names here. */
#if defined(__linux__)
#define sctp_event header_event
#define sctp_paddrparams header_paddrparams
#define sctp_paddrthlds_v2 header_paddrthlds_v2
#define sctp_probeinterval header_probeinterval
#define sctp_send_failed_event header_send_failed_event
#define sctp_udpencaps header_udpencaps
#endif

#include <netinet/sctp.h>

/* Peels off with the function of the library.  Its descriptor is inheritable
   for a moment. */
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

#undef sctp_event
#undef sctp_paddrparams
#undef sctp_paddrthlds_v2
#undef sctp_probeinterval
#undef sctp_send_failed_event
#undef sctp_udpencaps

struct sctp_event {
    sctp_assoc_t se_assoc_id;
    uint16_t se_type;
    uint8_t se_on;
};

struct sctp_paddrparams {
    sctp_assoc_t spp_assoc_id;
    struct sockaddr_storage spp_address;
    uint32_t spp_hbinterval;
    uint16_t spp_pathmaxrxt;
    uint32_t spp_pathmtu;
    uint32_t spp_sackdelay;
    uint32_t spp_flags;
    uint32_t spp_ipv6_flowlabel;
    uint8_t spp_dscp;
} __attribute__((packed, aligned(4)));

struct sctp_paddrthlds_v2 {
    sctp_assoc_t spt_assoc_id;
    struct sockaddr_storage spt_address;
    uint16_t spt_pathmaxrxt;
    uint16_t spt_pathpfthld;
    uint16_t spt_pathcpthld;
};

struct sctp_probeinterval {
    sctp_assoc_t spi_assoc_id;
    struct sockaddr_storage spi_address;
    uint32_t spi_interval;
};

/* The members have the names of RFC 6458. */
struct sctp_send_failed_event {
    uint16_t ssfe_type;
    uint16_t ssfe_flags;
    uint32_t ssfe_length;
    uint32_t ssfe_error;
    struct sctp_sndinfo ssfe_info;
    sctp_assoc_t ssfe_assoc_id;
    uint8_t ssfe_data[];
};

struct sctp_udpencaps {
    sctp_assoc_t sue_assoc_id;
    struct sockaddr_storage sue_address;
    uint16_t sue_port;
};

/* Numbers that came after Linux 4.18, and numbers of libsctp, which defines
   them only if it was built with headers that have their structures.  If a
   header defines the same macro, its text is the same.  If it has an
   enumerator, which #ifdef cannot see, the macro hides it. */
#define SCTP_FUTURE_ASSOC 0
#define SCTP_CURRENT_ASSOC 1
#define SCTP_ALL_ASSOC 2
#define SCTP_REUSE_PORT 36
#define SCTP_PEER_ADDR_THLDS_V2 37
#define SCTP_EVENT 127
#define SCTP_ASCONF_SUPPORTED 128
#define SCTP_AUTH_SUPPORTED 129
#define SCTP_ECN_SUPPORTED 130
#define SCTP_EXPOSE_POTENTIALLY_FAILED_STATE 131
#define SCTP_EXPOSE_PF_STATE SCTP_EXPOSE_POTENTIALLY_FAILED_STATE
#define SCTP_REMOTE_UDP_ENCAPS_PORT 132
#define SCTP_PLPMTUD_PROBE_INTERVAL 133
#define SCTP_PR_SCTP_ALL (1 << 7)
#undef SCTP_SEND_FAILED_EVENT
#define SCTP_SEND_FAILED_EVENT (SCTP_STREAM_CHANGE_EVENT + 1)
#define SCTP_ADDR_POTENTIALLY_FAILED (SCTP_ADDR_CONFIRMED + 1)
#define SCTP_ADDR_PF SCTP_ADDR_POTENTIALLY_FAILED
#define SCTP_POTENTIALLY_FAILED SCTP_PF
#define SCTP_STREAM_CHANGE_DENIED SCTP_ASSOC_CHANGE_DENIED
#define SCTP_STREAM_CHANGE_FAILED SCTP_ASSOC_CHANGE_FAILED
#define SPP_IPV6_FLOWLABEL (1 << 8)
#define SPP_DSCP (1 << 9)
#define SCTP_SS_FC (SCTP_SS_RR + 1)
#define SCTP_SS_WFQ (SCTP_SS_FC + 1)
#define SCTP_SS_MAX SCTP_SS_WFQ
#define SCTP_SENDV_NOINFO 0
#define SCTP_SENDV_SNDINFO 1
#define SCTP_SENDV_PRINFO 2
#define SCTP_SENDV_AUTHINFO 3
#define SCTP_SENDV_SPA 4
#define SCTP_SEND_SNDINFO_VALID 0x1
#define SCTP_SEND_PRINFO_VALID 0x2
#define SCTP_SEND_AUTHINFO_VALID 0x4
#define SCTP_RECVV_NOINFO 0
#define SCTP_RECVV_RCVINFO 1
#define SCTP_RECVV_NXTINFO 2
#define SCTP_RECVV_RN 3

/* On a blocking socket, connect and connectx wait for the handshake. */
#define PLATFORM_CONNECTX_WAITS 1

/* shutdown does nothing on a peeled-off socket. */
#define PLATFORM_SHUTDOWN_NEEDS_EOF 1

/* The flags that send(2) accepts. */
#define PLATFORM_SEND_FLAGS                                                \
    (MSG_CONFIRM | MSG_DONTROUTE | MSG_DONTWAIT | MSG_EOR | MSG_FASTOPEN | \
     MSG_MORE | MSG_NOSIGNAL | MSG_OOB)

/* Holds a message back, so that the next one shares its packet. */
#define PLATFORM_MSG_MORE MSG_MORE

/* Addresses have no length member. */
static inline void
platform_set_sockaddr_length(struct sockaddr *address, size_t length)
{
    (void)address;
    (void)length;
}

/* RFC 6458 gives the member this name. */
#define shmac_number_of_idents shmac_num_idents

/* The rows of members that only one of the systems has. */
#define PLATFORM_SPP_SACKDELAY(...) __VA_ARGS__
#define PLATFORM_SPT_PATHCPTHLD(...)

/* Error causes in notifications are 16 bits in network byte order, even if the
   member has 32 bits. */
#define PLATFORM_CAUSE(code) ntohs((uint16_t)(code))

/* Bits of a DATA chunk, which notifications of failed messages contain (RFC
   6458, 6.1.11).  Linux has no names for them. */
#define SCTP_DATA_MIDDLE_FRAG 0
#define SCTP_DATA_LAST_FRAG 1
#define SCTP_DATA_FIRST_FRAG 2
#define SCTP_DATA_NOT_FRAG 3

/* sctp_getladdrs and sctp_getpaddrs allocate memory even if they find no
   address. */
#define PLATFORM_ALLOCATES_NO_ADDRESSES 1

/* Peels off into a close-on-exec descriptor.  The option exists since Linux
   4.13; libsctp declares a function for it, but does not export it.  If the
   process may not open another file, the kernel notices that too late: it has
   taken the association off the socket already, and ends it.  So check first
   whether another socket can be opened. */
static inline int
platform_peeloff(int descriptor, sctp_assoc_t id)
{
    sctp_peeloff_flags_arg_t argument = {{id, 0}, SOCK_CLOEXEC};
    socklen_t size = sizeof argument;
    int spare = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    if (spare >= 0) {
        (void)close(spare);
    }
    else if (errno == EMFILE || errno == ENFILE) {
        return -1;
    }
    /* Unlike other options, it returns the descriptor if it succeeds. */
    if (getsockopt(descriptor, IPPROTO_SCTP, SCTP_SOCKOPT_PEELOFF_FLAGS,
                   &argument, &size) >= 0) {
        return argument.p_arg.sd;
    }
    return errno == ENOPROTOOPT ? platform_peeloff_inheritable(descriptor, id)
                                : -1;
}

#elif defined(__FreeBSD__)

/* Numbers that headers before FreeBSD 15 do not have, or have under other
   names.  If a header defines the same macro, its text is the same. */
#define SCTP_ACCEPT_ZERO_CHECKSUM 0x00000033
#define SCTP_STREAM_SCHEDULER 0x00001203
#define SCTP_STREAM_SCHEDULER_VALUE 0x00001204
#define SCTP_SS_RR 0x00000001
#define SCTP_SS_RR_PKT 0x00000002
#define SCTP_SS_PRIO 0x00000003
#define SCTP_SS_FB 0x00000004
#define SCTP_SS_FCFS 0x00000005
#define SCTP_EDMID_NONE 0
#define SCTP_EDMID_LOWER_LAYER_DTLS 1

/* connectx only starts the handshake, even on a blocking socket. */
#define PLATFORM_CONNECTX_WAITS 0

/* shutdown ends a peeled-off association; after SCTP_EOF it would fail. */
#define PLATFORM_SHUTDOWN_NEEDS_EOF 0

/* The flags that send(2) accepts. */
#define PLATFORM_SEND_FLAGS \
    (MSG_DONTROUTE | MSG_DONTWAIT | MSG_EOF | MSG_EOR | MSG_NOSIGNAL | MSG_OOB)

static inline void
platform_set_sockaddr_length(struct sockaddr *address, size_t length)
{
    address->sa_len = (unsigned char)length;
}

/* Programs cannot hold messages back: only the kernel has MSG_MORETOCOME. */
#define PLATFORM_MSG_MORE 0

#define PLATFORM_SPP_SACKDELAY(...)
#define PLATFORM_SPT_PATHCPTHLD(...) __VA_ARGS__
#define PLATFORM_CAUSE(code) (code)

/* If sctp_getladdrs and sctp_getpaddrs find no address, they do not set the
   pointer. */
#define PLATFORM_ALLOCATES_NO_ADDRESSES 0

/* Makes the new descriptor blocking: the new socket object expects that, but
   the descriptor inherits O_NONBLOCK. */
static inline int
platform_peeloff(int descriptor, sctp_assoc_t id)
{
    int peeled = platform_peeloff_inheritable(descriptor, id);
    int flags = peeled < 0 ? -1 : fcntl(peeled, F_GETFL);

    if (flags >= 0) {
        (void)fcntl(peeled, F_SETFL, flags & ~O_NONBLOCK);
    }
    return peeled;
}

#endif

/* The range of an association identifier: signed on Linux, unsigned on
   FreeBSD. */
#define PLATFORM_ASSOC_ID_SIGNED ((sctp_assoc_t) - 1 < 0)
#define PLATFORM_ASSOC_ID_MIN (PLATFORM_ASSOC_ID_SIGNED ? INT32_MIN : 0)
#define PLATFORM_ASSOC_ID_MAX \
    (PLATFORM_ASSOC_ID_SIGNED ? INT32_MAX : UINT32_MAX)

#endif
