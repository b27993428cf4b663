/* The constants of each module, one line each, and how to add them. */
#ifndef SCTP_CONSTANTS_H
#define SCTP_CONSTANTS_H

#include "compat.h"
#include "platform.h"

typedef struct {
    const char *name;
    long long value;
} constant;

#define CONSTANT(name) {#name, name},
#define CONSTANT_SIZE(name, structure) {#name, sizeof(struct structure)},

/* Adds the constants of a list to a module; an entry without a name ends the
   list.  Returns 0 or -1. */
static inline int
constants_add(PyObject *module, const constant *list)
{
    for (; list->name != NULL; list++) {
        PyObject *value = PyLong_FromLongLong(list->value);
        int result = PyModule_AddObjectRef(module, list->name, value);

        Py_XDECREF(value);
        if (result < 0) {
            return -1;
        }
    }
    return 0;
}

#ifdef SCTP_GET_ASSOC_STATS /* Linux */
#define CONSTANTS_SCTP_PLATFORM         \
    CONSTANT(SCTP_DELAYED_ACK)          \
    CONSTANT(SCTP_DELAYED_ACK_TIME)     \
    CONSTANT(SCTP_EXPOSE_PF_STATE)      \
    CONSTANT(SPP_HB)                    \
    CONSTANT(SPP_PMTUD)                 \
    CONSTANT(SPP_SACKDELAY)             \
    CONSTANT(SPP_SACKDELAY_ENABLE)      \
    CONSTANT(SPP_SACKDELAY_DISABLE)     \
    CONSTANT(SCTP_POTENTIALLY_FAILED)   \
    CONSTANT(SCTP_PF)                   \
    CONSTANT(SCTP_UNKNOWN)              \
    CONSTANT(SCTP_EMPTY)                \
    CONSTANT(SCTP_ENABLE_STRRESET_MASK) \
    CONSTANT(SCTP_SS_FC)                \
    CONSTANT(SCTP_SS_WFQ)               \
    CONSTANT(SCTP_SS_MAX)
#else /* FreeBSD */
#define CONSTANTS_SCTP_PLATFORM           \
    CONSTANT(SCTP_BOUND)                  \
    CONSTANT(SCTP_LISTEN)                 \
    CONSTANT(SPP_IPV4_TOS)                \
    CONSTANT(SCTP_AUTH_HMAC_ID_RSVD)      \
    CONSTANT(SCTP_ENABLE_VALUE_MASK)      \
    CONSTANT(SCTP_SS_RR_PKT)              \
    CONSTANT(SCTP_SS_FB)                  \
    CONSTANT(SCTP_SS_ROUND_ROBIN)         \
    CONSTANT(SCTP_SS_ROUND_ROBIN_PACKET)  \
    CONSTANT(SCTP_SS_PRIORITY)            \
    CONSTANT(SCTP_SS_FAIR_BANDWITH)       \
    CONSTANT(SCTP_SS_FIRST_COME)          \
    CONSTANT(SCTP_PLUGGABLE_SS)           \
    CONSTANT(SCTP_SS_VALUE)               \
    CONSTANT(SCTP_EDMID_NONE)             \
    CONSTANT(SCTP_EDMID_LOWER_LAYER_DTLS) \
    CONSTANT(SCTP_CC_RFC2581)             \
    CONSTANT(SCTP_CC_HSTCP)               \
    CONSTANT(SCTP_CC_HTCP)                \
    CONSTANT(SCTP_CC_RTCC)                \
    CONSTANT(SCTP_CC_OPT_RTCC_SETMODE)    \
    CONSTANT(SCTP_CC_OPT_USE_DCCC_ECN)    \
    CONSTANT(SCTP_CC_OPT_STEADY_STEP)     \
    CONSTANT(SCTP_CMT_OFF)                \
    CONSTANT(SCTP_CMT_BASE)               \
    CONSTANT(SCTP_CMT_RPV1)               \
    CONSTANT(SCTP_CMT_RPV2)               \
    CONSTANT(SCTP_CMT_MPTCP)              \
    CONSTANT(SCTP_CMT_MAX)                \
    CONSTANT(SCTP_FRAG_LEVEL_0)           \
    CONSTANT(SCTP_FRAG_LEVEL_1)           \
    CONSTANT(SCTP_FRAG_LEVEL_2)
#endif

#define CONSTANTS_SCTP                     \
    CONSTANT(IPPROTO_SCTP)                 \
    CONSTANT(SCTP_FUTURE_ASSOC)            \
    CONSTANT(SCTP_CURRENT_ASSOC)           \
    CONSTANT(SCTP_ALL_ASSOC)               \
    CONSTANT(SCTP_BINDX_ADD_ADDR)          \
    CONSTANT(SCTP_BINDX_REM_ADDR)          \
    CONSTANT(SCTP_SENDV_NOINFO)            \
    CONSTANT(SCTP_SENDV_SNDINFO)           \
    CONSTANT(SCTP_SENDV_PRINFO)            \
    CONSTANT(SCTP_SENDV_AUTHINFO)          \
    CONSTANT(SCTP_SENDV_SPA)               \
    CONSTANT(SCTP_SEND_SNDINFO_VALID)      \
    CONSTANT(SCTP_SEND_PRINFO_VALID)       \
    CONSTANT(SCTP_SEND_AUTHINFO_VALID)     \
    CONSTANT(SCTP_RECVV_NOINFO)            \
    CONSTANT(SCTP_RECVV_RCVINFO)           \
    CONSTANT(SCTP_RECVV_NXTINFO)           \
    CONSTANT(SCTP_RECVV_RN)                \
    CONSTANT(SCTP_INIT)                    \
    CONSTANT(SCTP_SNDINFO)                 \
    CONSTANT(SCTP_RCVINFO)                 \
    CONSTANT(SCTP_NXTINFO)                 \
    CONSTANT(SCTP_PRINFO)                  \
    CONSTANT(SCTP_AUTHINFO)                \
    CONSTANT(SCTP_DSTADDRV4)               \
    CONSTANT(SCTP_DSTADDRV6)               \
    CONSTANT(SCTP_AUTH_HMAC_ID_SHA1)       \
    CONSTANT(SCTP_AUTH_HMAC_ID_SHA256)     \
    CONSTANT(SPP_HB_ENABLE)                \
    CONSTANT(SPP_HB_DISABLE)               \
    CONSTANT(SPP_HB_DEMAND)                \
    CONSTANT(SPP_HB_TIME_IS_ZERO)          \
    CONSTANT(SPP_PMTUD_ENABLE)             \
    CONSTANT(SPP_PMTUD_DISABLE)            \
    CONSTANT(SPP_IPV6_FLOWLABEL)           \
    CONSTANT(SPP_DSCP)                     \
    CONSTANT(SCTP_UNCONFIRMED)             \
    CONSTANT(SCTP_ACTIVE)                  \
    CONSTANT(SCTP_INACTIVE)                \
    CONSTANT(SCTP_CLOSED)                  \
    CONSTANT(SCTP_COOKIE_WAIT)             \
    CONSTANT(SCTP_COOKIE_ECHOED)           \
    CONSTANT(SCTP_ESTABLISHED)             \
    CONSTANT(SCTP_SHUTDOWN_PENDING)        \
    CONSTANT(SCTP_SHUTDOWN_SENT)           \
    CONSTANT(SCTP_SHUTDOWN_RECEIVED)       \
    CONSTANT(SCTP_SHUTDOWN_ACK_SENT)       \
    CONSTANT(SCTP_STREAM_RESET_INCOMING)   \
    CONSTANT(SCTP_STREAM_RESET_OUTGOING)   \
    CONSTANT(SCTP_ENABLE_RESET_STREAM_REQ) \
    CONSTANT(SCTP_ENABLE_RESET_ASSOC_REQ)  \
    CONSTANT(SCTP_ENABLE_CHANGE_ASSOC_REQ) \
    CONSTANT(SCTP_SS_DEFAULT)              \
    CONSTANT(SCTP_SS_FCFS)                 \
    CONSTANT(SCTP_SS_PRIO)                 \
    CONSTANT(SCTP_SS_RR)                   \
    CONSTANTS_SCTP_PLATFORM

#define CONSTANTS_CSIZE                                               \
    CONSTANT_SIZE(SOCKADDR_STORAGE_CSIZE, sockaddr_storage)           \
    CONSTANT_SIZE(SCTP_INITMSG_CSIZE, sctp_initmsg)                   \
    CONSTANT_SIZE(SCTP_PADDRPARAMS_CSIZE, sctp_paddrparams)           \
    CONSTANT_SIZE(SCTP_PADDRINFO_CSIZE, sctp_paddrinfo)               \
    CONSTANT_SIZE(SCTP_RTOINFO_CSIZE, sctp_rtoinfo)                   \
    CONSTANT_SIZE(SCTP_ASSOCPARAMS_CSIZE, sctp_assocparams)           \
    CONSTANT_SIZE(SCTP_SETPRIM_CSIZE, sctp_setprim)                   \
    CONSTANT_SIZE(SCTP_SETADAPTATION_CSIZE, sctp_setadaptation)       \
    CONSTANT_SIZE(SCTP_MAXSEG_CSIZE, sctp_assoc_value)                \
    CONSTANT_SIZE(SCTP_AUTH_ACTIVE_KEY_CSIZE, sctp_authkeyid)         \
    CONSTANT_SIZE(SCTP_DELAYED_SACK_CSIZE, sctp_sack_info)            \
    CONSTANT_SIZE(SCTP_SNDINFO_CSIZE, sctp_sndinfo)                   \
    CONSTANT_SIZE(SCTP_DEFAULT_PRINFO_CSIZE, sctp_default_prinfo)     \
    CONSTANT_SIZE(SCTP_STATUS_CSIZE, sctp_status)                     \
    CONSTANT_SIZE(SCTP_SET_PEER_PRIMARY_ADDR_CSIZE, sctp_setpeerprim) \
    CONSTANT_SIZE(SCTP_AUTH_CHUNK_CSIZE, sctp_authchunk)

#ifdef SCTP_GET_ASSOC_STATS /* Linux */
#define CONSTANTS_INFO_PLATFORM CONSTANT(SCTP_PR_SCTP_MASK)
#else /* FreeBSD */
#define CONSTANTS_INFO_PLATFORM \
    CONSTANT(SCTP_EOR)          \
    CONSTANT(SCTP_COMPLETE)     \
    CONSTANT(SCTP_PR_SCTP_BUF)
#endif

#define CONSTANTS_INFO                 \
    CONSTANT(SCTP_UNORDERED)           \
    CONSTANT(SCTP_ADDR_OVER)           \
    CONSTANT(SCTP_ABORT)               \
    CONSTANT(SCTP_EOF)                 \
    CONSTANT(SCTP_SENDALL)             \
    CONSTANT(SCTP_SACK_IMMEDIATELY)    \
    CONSTANT(SCTP_SEND_SNDINFO_VALID)  \
    CONSTANT(SCTP_SEND_PRINFO_VALID)   \
    CONSTANT(SCTP_SEND_AUTHINFO_VALID) \
    CONSTANT(SCTP_PR_SCTP_NONE)        \
    CONSTANT(SCTP_PR_SCTP_TTL)         \
    CONSTANT(SCTP_PR_SCTP_RTX)         \
    CONSTANT(SCTP_PR_SCTP_PRIO)        \
    CONSTANT(SCTP_NOTIFICATION)        \
    CONSTANT(SCTP_PR_SCTP_ALL)         \
    CONSTANT(SCTP_PR_SCTP_MAX)         \
    CONSTANTS_INFO_PLATFORM

#ifdef SCTP_GET_ASSOC_STATS /* Linux */
#define CONSTANTS_EVENT_PLATFORM             \
    CONSTANT(SCTP_AUTHENTICATION_INDICATION) \
    CONSTANT(SCTP_ADDR_POTENTIALLY_FAILED)   \
    CONSTANT(SCTP_ADDR_PF)                   \
    CONSTANT(SCTP_ASSOC_CHANGE_DENIED)       \
    CONSTANT(SCTP_ASSOC_CHANGE_FAILED)       \
    CONSTANT(SCTP_FAILED_THRESHOLD)          \
    CONSTANT(SCTP_RECEIVED_SACK)             \
    CONSTANT(SCTP_HEARTBEAT_SUCCESS)         \
    CONSTANT(SCTP_RESPONSE_TO_USER_REQ)      \
    CONSTANT(SCTP_INTERNAL_ERROR)            \
    CONSTANT(SCTP_SHUTDOWN_GUARD_EXPIRES)    \
    CONSTANT(SCTP_PEER_FAULTY)
#else /* FreeBSD */
#define CONSTANTS_EVENT_PLATFORM               \
    CONSTANT(SCTP_NOTIFICATIONS_STOPPED_EVENT) \
    CONSTANT(SCTP_ASSOC_SUPPORTS_PR)           \
    CONSTANT(SCTP_ASSOC_SUPPORTS_AUTH)         \
    CONSTANT(SCTP_ASSOC_SUPPORTS_ASCONF)       \
    CONSTANT(SCTP_ASSOC_SUPPORTS_MULTIBUF)     \
    CONSTANT(SCTP_ASSOC_SUPPORTS_RE_CONFIG)    \
    CONSTANT(SCTP_ASSOC_SUPPORTS_INTERLEAVING) \
    CONSTANT(SCTP_ASSOC_SUPPORTS_MAX)          \
    CONSTANT(SCTP_DATA_UNORDERED)              \
    CONSTANT(SCTP_DATA_SACK_IMMEDIATELY)       \
    CONSTANT(SCTP_DATA_FRAG_MASK)              \
    CONSTANT(SCTP_CAUSE_NO_ERROR)              \
    CONSTANT(SCTP_CAUSE_INVALID_STREAM)        \
    CONSTANT(SCTP_CAUSE_MISSING_PARAM)         \
    CONSTANT(SCTP_CAUSE_STALE_COOKIE)          \
    CONSTANT(SCTP_CAUSE_OUT_OF_RESC)           \
    CONSTANT(SCTP_CAUSE_UNRESOLVABLE_ADDR)     \
    CONSTANT(SCTP_CAUSE_UNRECOG_CHUNK)         \
    CONSTANT(SCTP_CAUSE_INVALID_PARAM)         \
    CONSTANT(SCTP_CAUSE_UNRECOG_PARAM)         \
    CONSTANT(SCTP_CAUSE_NO_USER_DATA)          \
    CONSTANT(SCTP_CAUSE_COOKIE_IN_SHUTDOWN)    \
    CONSTANT(SCTP_CAUSE_RESTART_W_NEWADDR)     \
    CONSTANT(SCTP_CAUSE_USER_INITIATED_ABT)    \
    CONSTANT(SCTP_CAUSE_PROTOCOL_VIOLATION)    \
    CONSTANT(SCTP_CAUSE_DELETING_LAST_ADDR)    \
    CONSTANT(SCTP_CAUSE_RESOURCE_SHORTAGE)     \
    CONSTANT(SCTP_CAUSE_DELETING_SRC_ADDR)     \
    CONSTANT(SCTP_CAUSE_ILLEGAL_ASCONF_ACK)    \
    CONSTANT(SCTP_CAUSE_REQUEST_REFUSED)       \
    CONSTANT(SCTP_CAUSE_NAT_COLLIDING_STATE)   \
    CONSTANT(SCTP_CAUSE_NAT_MISSING_STATE)     \
    CONSTANT(SCTP_CAUSE_UNSUPPORTED_HMACID)
#endif

#define CONSTANTS_EVENT                         \
    CONSTANT_SIZE(SCTP_EVENT_CSIZE, sctp_event) \
    CONSTANT(MSG_NOTIFICATION)                  \
    CONSTANT(SCTP_EVENT)                        \
    CONSTANT(SCTP_ASSOC_CHANGE)                 \
    CONSTANT(SCTP_PEER_ADDR_CHANGE)             \
    CONSTANT(SCTP_REMOTE_ERROR)                 \
    CONSTANT(SCTP_SEND_FAILED)                  \
    CONSTANT(SCTP_SHUTDOWN_EVENT)               \
    CONSTANT(SCTP_ADAPTATION_INDICATION)        \
    CONSTANT(SCTP_PARTIAL_DELIVERY_EVENT)       \
    CONSTANT(SCTP_AUTHENTICATION_EVENT)         \
    CONSTANT(SCTP_SENDER_DRY_EVENT)             \
    CONSTANT(SCTP_SEND_FAILED_EVENT)            \
    CONSTANT(SCTP_STREAM_RESET_EVENT)           \
    CONSTANT(SCTP_ASSOC_RESET_EVENT)            \
    CONSTANT(SCTP_STREAM_CHANGE_EVENT)          \
    CONSTANT(SCTP_COMM_UP)                      \
    CONSTANT(SCTP_COMM_LOST)                    \
    CONSTANT(SCTP_RESTART)                      \
    CONSTANT(SCTP_SHUTDOWN_COMP)                \
    CONSTANT(SCTP_CANT_STR_ASSOC)               \
    CONSTANT(SCTP_ADDR_AVAILABLE)               \
    CONSTANT(SCTP_ADDR_UNREACHABLE)             \
    CONSTANT(SCTP_ADDR_REMOVED)                 \
    CONSTANT(SCTP_ADDR_ADDED)                   \
    CONSTANT(SCTP_ADDR_MADE_PRIM)               \
    CONSTANT(SCTP_ADDR_CONFIRMED)               \
    CONSTANT(SCTP_DATA_UNSENT)                  \
    CONSTANT(SCTP_DATA_SENT)                    \
    CONSTANT(SCTP_DATA_MIDDLE_FRAG)             \
    CONSTANT(SCTP_DATA_LAST_FRAG)               \
    CONSTANT(SCTP_DATA_FIRST_FRAG)              \
    CONSTANT(SCTP_DATA_NOT_FRAG)                \
    CONSTANT(SCTP_PARTIAL_DELIVERY_ABORTED)     \
    CONSTANT(SCTP_AUTH_NEW_KEY)                 \
    CONSTANT(SCTP_AUTH_NEWKEY)                  \
    CONSTANT(SCTP_AUTH_FREE_KEY)                \
    CONSTANT(SCTP_AUTH_NO_AUTH)                 \
    CONSTANT(SCTP_STREAM_RESET_INCOMING_SSN)    \
    CONSTANT(SCTP_STREAM_RESET_OUTGOING_SSN)    \
    CONSTANT(SCTP_STREAM_RESET_DENIED)          \
    CONSTANT(SCTP_STREAM_RESET_FAILED)          \
    CONSTANT(SCTP_ASSOC_RESET_DENIED)           \
    CONSTANT(SCTP_ASSOC_RESET_FAILED)           \
    CONSTANT(SCTP_STREAM_CHANGE_DENIED)         \
    CONSTANT(SCTP_STREAM_CHANGE_FAILED)         \
    CONSTANTS_EVENT_PLATFORM

#endif
