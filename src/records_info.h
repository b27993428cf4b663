/* The rows of the infos that travel with messages (RFC 6458, 5.3). */
#ifndef SCTP_RECORDS_INFO_H
#define SCTP_RECORDS_INFO_H

#include "record.h"

enum {
    INFO_SNDINFO,
    INFO_PRINFO,
    INFO_AUTHINFO,
    INFO_RCVINFO,
    INFO_NXTINFO,
    INFO_COUNT,
};

extern const record records_info[INFO_COUNT];

/* The rows of sctp_sndinfo; the option SCTP_DEFAULT_SNDINFO has them too. */
#define RECORDS_SNDINFO                          \
    RECORD_FIELD(sctp_sndinfo, snd_sid),         \
        RECORD_FIELD(sctp_sndinfo, snd_flags),   \
        RECORD_FIELD(sctp_sndinfo, snd_ppid),    \
        RECORD_FIELD(sctp_sndinfo, snd_context), \
        RECORD_FIELD(sctp_sndinfo, snd_assoc_id)

#endif
