/* The lists of constants, one line each, and how a module takes one. */
#ifndef SCTP_CONSTANTS_H
#define SCTP_CONSTANTS_H

#include "compat.h"
#include "platform.h"

typedef struct {
    const char *name;
    long long value;
} constant;

#define CONSTANT(name) {#name, name},

/* Adds the constants up to the one without a name.  Returns 0 or -1. */
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

#define CONSTANTS_SCTP                    \
    CONSTANT(IPPROTO_SCTP)                \
    CONSTANT(SCTP_FUTURE_ASSOC)           \
    CONSTANT(SCTP_CURRENT_ASSOC)          \
    CONSTANT(SCTP_ALL_ASSOC)              \
    CONSTANT(SCTP_BINDX_ADD_ADDR)         \
    CONSTANT(SCTP_BINDX_REM_ADDR)         \
    CONSTANT(SCTP_SENDV_NOINFO)           \
    CONSTANT(SCTP_SENDV_SNDINFO)          \
    CONSTANT(SCTP_SENDV_PRINFO)           \
    CONSTANT(SCTP_SENDV_AUTHINFO)         \
    CONSTANT(SCTP_SENDV_SPA)              \
    CONSTANT(SCTP_SEND_SNDINFO_VALID)     \
    CONSTANT(SCTP_SEND_PRINFO_VALID)      \
    CONSTANT(SCTP_SEND_AUTHINFO_VALID)    \
    CONSTANT(SCTP_RECVV_NOINFO)           \
    CONSTANT(SCTP_RECVV_RCVINFO)          \
    CONSTANT(SCTP_RECVV_NXTINFO)          \
    CONSTANT(SCTP_RECVV_RN)               \
    CONSTANT(SCTP_INIT)                   \
    CONSTANT(SCTP_SNDINFO)                \
    CONSTANT(SCTP_RTOINFO)                \
    CONSTANT(SCTP_ASSOCINFO)              \
    CONSTANT(SCTP_INITMSG)                \
    CONSTANT(SCTP_NODELAY)                \
    CONSTANT(SCTP_AUTOCLOSE)              \
    CONSTANT(SCTP_PRIMARY_ADDR)           \
    CONSTANT(SCTP_ADAPTATION_LAYER)       \
    CONSTANT(SCTP_DISABLE_FRAGMENTS)      \
    CONSTANT(SCTP_PEER_ADDR_PARAMS)       \
    CONSTANT(SCTP_I_WANT_MAPPED_V4_ADDR)  \
    CONSTANT(SCTP_MAXSEG)                 \
    CONSTANT(SCTP_HMAC_IDENT)             \
    CONSTANT(SCTP_AUTH_ACTIVE_KEY)        \
    CONSTANT(SCTP_DELAYED_SACK)           \
    CONSTANT(SCTP_FRAGMENT_INTERLEAVE)    \
    CONSTANT(SCTP_PARTIAL_DELIVERY_POINT) \
    CONSTANT(SCTP_AUTO_ASCONF)            \
    CONSTANT(SCTP_MAX_BURST)              \
    CONSTANT(SCTP_CONTEXT)                \
    CONSTANT(SCTP_REUSE_PORT)             \
    CONSTANT(SCTP_RECVRCVINFO)            \
    CONSTANT(SCTP_RECVNXTINFO)            \
    CONSTANT(SCTP_DEFAULT_SNDINFO)        \
    CONSTANT(SCTP_DEFAULT_PRINFO)         \
    CONSTANT(SCTP_STATUS)                 \
    CONSTANT(SCTP_GET_PEER_ADDR_INFO)     \
    CONSTANT(SCTP_PEER_AUTH_CHUNKS)       \
    CONSTANT(SCTP_LOCAL_AUTH_CHUNKS)      \
    CONSTANT(SCTP_GET_ASSOC_NUMBER)       \
    CONSTANT(SCTP_GET_ASSOC_ID_LIST)      \
    CONSTANT(SCTP_SET_PEER_PRIMARY_ADDR)  \
    CONSTANT(SCTP_AUTH_CHUNK)             \
    CONSTANT(SCTP_AUTH_KEY)               \
    CONSTANT(SCTP_AUTH_DEACTIVATE_KEY)    \
    CONSTANT(SCTP_AUTH_DELETE_KEY)        \
    CONSTANT(SCTP_AUTH_HMAC_ID_SHA1)      \
    CONSTANT(SCTP_AUTH_HMAC_ID_SHA256)    \
    CONSTANT(SPP_HB_ENABLE)               \
    CONSTANT(SPP_HB_DISABLE)              \
    CONSTANT(SPP_HB_DEMAND)               \
    CONSTANT(SPP_HB_TIME_IS_ZERO)         \
    CONSTANT(SPP_PMTUD_ENABLE)            \
    CONSTANT(SPP_PMTUD_DISABLE)           \
    CONSTANT(SPP_IPV6_FLOWLABEL)          \
    CONSTANT(SPP_DSCP)                    \
    CONSTANT(SCTP_UNCONFIRMED)            \
    CONSTANT(SCTP_ACTIVE)                 \
    CONSTANT(SCTP_INACTIVE)               \
    CONSTANT(SCTP_CLOSED)                 \
    CONSTANT(SCTP_COOKIE_WAIT)            \
    CONSTANT(SCTP_COOKIE_ECHOED)          \
    CONSTANT(SCTP_ESTABLISHED)            \
    CONSTANT(SCTP_SHUTDOWN_PENDING)       \
    CONSTANT(SCTP_SHUTDOWN_SENT)          \
    CONSTANT(SCTP_SHUTDOWN_RECEIVED)      \
    CONSTANT(SCTP_SHUTDOWN_ACK_SENT)

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
    CONSTANT(SCTP_NOTIFICATION)

#define CONSTANTS_EVENT                   \
    CONSTANT(MSG_NOTIFICATION)            \
    CONSTANT(SCTP_EVENT)                  \
    CONSTANT(SCTP_ASSOC_CHANGE)           \
    CONSTANT(SCTP_PEER_ADDR_CHANGE)       \
    CONSTANT(SCTP_REMOTE_ERROR)           \
    CONSTANT(SCTP_SEND_FAILED)            \
    CONSTANT(SCTP_SHUTDOWN_EVENT)         \
    CONSTANT(SCTP_ADAPTATION_INDICATION)  \
    CONSTANT(SCTP_PARTIAL_DELIVERY_EVENT) \
    CONSTANT(SCTP_AUTHENTICATION_EVENT)   \
    CONSTANT(SCTP_SENDER_DRY_EVENT)       \
    CONSTANT(SCTP_SEND_FAILED_EVENT)

#endif
