/* Notifications as a kernel sends them, in the layout of the system that the
   compiler compiles for. */
#include "platform.h"

#include <stddef.h>
#include <string.h>

/* The caller's function for a notification.  It gets the name, the structure,
   and the bytes after it. */
typedef void taker(const char *name, const void *head, size_t head_size,
                   const void *tail, size_t tail_size);

/* The causes of an ABORT: one with a text, and an unknown one whose length is
   not a multiple of four.  Then a cause of an ERROR, in three pieces. */
#define CAUSES "\0\14\0\7bye\0\253\315\0\11other"
#define CAUSE_HEADER "\0\15\0\11"
#define CAUSE_DATA "wrong"
#define CAUSE_PADDING "\0\0\0"

#if defined(__linux__)
/* Error causes are in network byte order.  Causes have no chunk header.  The
   cause of an ERROR has no header of its own either, but padding. */
#define CAUSE(code) ((code) >> 8 | ((code) & 0xff) << 8)
#define ABORT_CHUNK CAUSES
#define ERROR_CHUNK CAUSE_DATA CAUSE_PADDING
#else
#define CAUSE(code) (code)
#define ABORT_CHUNK "\6\0\0\25" CAUSES
#define ERROR_CHUNK "\11\0\0\15" CAUSE_HEADER CAUSE_DATA
#endif

/* prefix is that of the members.  A text follows the structure, without its
   final NUL.  Members that are not named are zero, and so is the padding. */
#define TAKE(name, structure, prefix, type, text, ...)                      \
    do {                                                                    \
        static const struct structure head = {                              \
            .prefix##_type = type,                                          \
            .prefix##_length = sizeof(struct structure) + sizeof(text) - 1, \
            __VA_ARGS__};                                                   \
                                                                            \
        take(name, &head, sizeof head, text, sizeof(text) - 1);             \
    } while (0)

#define TAKE_ASSOC_CHANGE(name, state, error, streams, id, info)              \
    TAKE(name, sctp_assoc_change, sac, SCTP_ASSOC_CHANGE, info,               \
         .sac_state = state, .sac_error = CAUSE(error),                       \
         .sac_outbound_streams = streams, .sac_inbound_streams = 2 * streams, \
         .sac_assoc_id = id)

static void
take_assoc_changes(taker *take)
{
    TAKE_ASSOC_CHANGE("up", SCTP_COMM_UP, 0, 10, 7, "");
    TAKE_ASSOC_CHANGE("lost", SCTP_COMM_LOST, 0, 0, 7, "");
    TAKE_ASSOC_CHANGE("aborted", SCTP_COMM_LOST, 12, 0, 7, ABORT_CHUNK);
    TAKE_ASSOC_CHANGE("restarted", SCTP_RESTART, 0, 5, 7, "");
    TAKE_ASSOC_CHANGE("ended", SCTP_SHUTDOWN_COMP, 0, 0, 7, "");
    TAKE_ASSOC_CHANGE("impossible", SCTP_CANT_STR_ASSOC, 0, 0, 0, "");
#if defined(__FreeBSD__) /* Linux does not report features */
    TAKE_ASSOC_CHANGE("up with features", SCTP_COMM_UP, 0, 10, 7, "\1\2\6");
    TAKE_ASSOC_CHANGE("restarted with features", SCTP_RESTART, 0, 5, 7, "\3");
#endif
}

static void
take_peer_addr_change(taker *take, const char *name, int state, int error,
                      const void *address, size_t size)
{
    static struct sctp_paddr_change head = {
        .spc_type = SCTP_PEER_ADDR_CHANGE,
        .spc_length = sizeof head,
        .spc_assoc_id = 7,
    };

    head.spc_state = state;
    head.spc_error = error;
    memset(&head.spc_aaddr, 0, sizeof head.spc_aaddr);
    memcpy(&head.spc_aaddr, address, size);
    take(name, &head, sizeof head, NULL, 0);
}

static void
take_peer_addr_changes(taker *take)
{
    struct sockaddr_in ipv4 = {
        .sin_family = AF_INET,
        .sin_port = htons(5000),
        .sin_addr = {htonl(0xc0000201)},
    };
    struct sockaddr_in6 ipv6 = {
        .sin6_family = AF_INET6,
        .sin6_port = htons(5001),
        .sin6_flowinfo = htonl(0x12345),
        .sin6_addr = {{{0x20, 0x01, 0x0d, 0xb8, [15] = 2}}},
        .sin6_scope_id = 3,
    };

    platform_set_sockaddr_length((struct sockaddr *)&ipv4, sizeof ipv4);
    platform_set_sockaddr_length((struct sockaddr *)&ipv6, sizeof ipv6);
#define TAKE_IPV4(name, state, error) \
    take_peer_addr_change(take, name, state, error, &ipv4, sizeof ipv4)
#define TAKE_IPV6(name, state, error) \
    take_peer_addr_change(take, name, state, error, &ipv6, sizeof ipv6)
    TAKE_IPV4("available", SCTP_ADDR_AVAILABLE, 2);
    TAKE_IPV4("unreachable", SCTP_ADDR_UNREACHABLE, 0);
    TAKE_IPV4("removed", SCTP_ADDR_REMOVED, 0);
    TAKE_IPV6("added", SCTP_ADDR_ADDED, 0);
    TAKE_IPV6("primary", SCTP_ADDR_MADE_PRIM, 0);
    TAKE_IPV6("confirmed", SCTP_ADDR_CONFIRMED, 0);
#if defined(__linux__)
    TAKE_IPV6("potentially failed", SCTP_ADDR_POTENTIALLY_FAILED, 0);
#endif
}

/* Calls the function for every notification. */
void
golden_notifications(taker *take)
{
    take_assoc_changes(take);
    take_peer_addr_changes(take);
    TAKE("remote error", sctp_remote_error, sre, SCTP_REMOTE_ERROR,
         ERROR_CHUNK, .sre_error = CAUSE(13), .sre_assoc_id = 7);
    TAKE("send failed", sctp_send_failed, ssf, SCTP_SEND_FAILED, "hello",
         .ssf_flags = SCTP_DATA_SENT, .ssf_error = CAUSE(12),
         .ssf_info = {.sinfo_stream = 1,
                      .sinfo_ssn = 2,
                      .sinfo_flags = SCTP_DATA_NOT_FRAG,
                      .sinfo_ppid = 0x01020304,
                      .sinfo_context = 0xfffffffe,
                      .sinfo_timetolive = 5,
                      .sinfo_tsn = 6,
                      .sinfo_cumtsn = 8,
                      .sinfo_assoc_id = 7},
         .ssf_assoc_id = 7);
    TAKE("send failed event", sctp_send_failed_event, ssfe,
         SCTP_SEND_FAILED_EVENT, "world", .ssfe_flags = SCTP_DATA_UNSENT,
         .ssfe_error = CAUSE(0x105),
         .ssfe_info = {.snd_sid = 1,
                       .snd_flags = SCTP_DATA_LAST_FRAG,
                       .snd_ppid = 0x01020304,
                       .snd_context = 0xfffffffe},
         .ssfe_assoc_id = 7);
    TAKE("shutdown", sctp_shutdown_event, sse, SCTP_SHUTDOWN_EVENT, "",
         .sse_assoc_id = 7);
    TAKE("adaptation", sctp_adaptation_event, sai, SCTP_ADAPTATION_INDICATION,
         "", .sai_adaptation_ind = 0xdeadbeef, .sai_assoc_id = 7);
    TAKE("partial delivery", sctp_pdapi_event, pdapi,
         SCTP_PARTIAL_DELIVERY_EVENT, "",
         .pdapi_indication = SCTP_PARTIAL_DELIVERY_ABORTED, .pdapi_stream = 1,
         .pdapi_seq = 2, .pdapi_assoc_id = 7);
    TAKE("authentication", sctp_authkey_event, auth, SCTP_AUTHENTICATION_EVENT,
         "", .auth_keynumber = 0xabcd, .auth_indication = SCTP_AUTH_FREE_KEY,
         .auth_assoc_id = 7);
    TAKE("dry", sctp_sender_dry_event, sender_dry, SCTP_SENDER_DRY_EVENT, "",
         .sender_dry_assoc_id = 7);
    TAKE("stream reset", sctp_stream_reset_event, strreset,
         SCTP_STREAM_RESET_EVENT, "\1\0\0\2\377\377",
         .strreset_flags = SCTP_STREAM_RESET_INCOMING_SSN,
         .strreset_assoc_id = 7);
    TAKE("all streams reset", sctp_stream_reset_event, strreset,
         SCTP_STREAM_RESET_EVENT, "",
         .strreset_flags =
             SCTP_STREAM_RESET_OUTGOING_SSN | SCTP_STREAM_RESET_DENIED,
         .strreset_assoc_id = 7);
    TAKE("association reset", sctp_assoc_reset_event, assocreset,
         SCTP_ASSOC_RESET_EVENT, "",
         .assocreset_flags = SCTP_ASSOC_RESET_FAILED, .assocreset_assoc_id = 7,
         .assocreset_local_tsn = 0xfffffffe, .assocreset_remote_tsn = 1);
    TAKE("stream change", sctp_stream_change_event, strchange,
         SCTP_STREAM_CHANGE_EVENT, "", .strchange_assoc_id = 7,
         .strchange_instrms = 1, .strchange_outstrms = 65535);
#if defined(__FreeBSD__)
    TAKE("stopped", sctp_tlv, sn, SCTP_NOTIFICATIONS_STOPPED_EVENT, "",
         .sn_flags = 0);
#endif
}
