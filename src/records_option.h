/* Rows of the structures of socket options, and the table of options. */
#ifndef SCTP_RECORDS_OPTION_H
#define SCTP_RECORDS_OPTION_H

#include "record.h"

/* What an option's value is: one of the structures, or an int.  A structure
   has a line here, its rows and its line in records_option.c. */
typedef enum {
    OPTION_sctp_initmsg,
    OPTION_sctp_paddrparams,
    OPTION_sctp_paddrinfo,
    OPTION_sctp_rtoinfo,
    OPTION_sctp_assocparams,
    OPTION_sctp_setprim,
    OPTION_sctp_setadaptation,
    OPTION_sctp_assoc_value,
    OPTION_sctp_sack_info,
    OPTION_sctp_authkeyid,
    OPTION_sctp_default_sndinfo,
    OPTION_sctp_default_prinfo,
    OPTION_sctp_status,
    OPTION_sctp_setpeerprim,
    OPTION_sctp_authchunk,
    OPTION_sctp_authkey,
    OPTION_sctp_event,
    OPTION_sctp_stream_value,
    OPTION_sctp_paddrthlds,
    OPTION_sctp_udpencaps,
    OPTION_sctp_prstatus,
    OPTION_sctp_reset_streams,
    OPTION_sctp_add_streams,
    OPTION_sctp_authchunks,
    OPTION_sctp_hmacalgo,
    OPTION_sctp_assoc_ids,
#ifdef SCTP_GET_ASSOC_STATS /* Linux */
    OPTION_sctp_paddrthlds_v2,
    OPTION_sctp_probeinterval,
    OPTION_sctp_assoc_stats,
#endif
#ifdef SCTP_PLUGGABLE_CC /* FreeBSD */
    OPTION_sctp_cc_option,
    OPTION_sctp_timeouts,
    OPTION_sctp_sockstat,
    OPTION_sctp_pcbinfo,
    OPTION_sctp_get_nonce_values,
#endif
    OPTION_int,
    OPTION_STRUCTURES = OPTION_int, /* how many there are */
} option_kind;

/* Who may do what; the kernel decides. */
#define OPTION_RW "read, write"
#define OPTION_R "read"
#define OPTION_W "write"

typedef struct {
    const char *name;
    int number;
    option_kind kind;
    const char *access;
    const char *reference;
} option;

extern const record records_option[OPTION_STRUCTURES];

extern const option records_options[];
extern const int records_options_length;

#endif
