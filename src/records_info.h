/* Rows of the information that travels with messages (RFC 6458, 5.3). */
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

/* The option SCTP_DEFAULT_SNDINFO has the same structure. */
extern const record_field sctp_sndinfo_fields[5];

#endif
