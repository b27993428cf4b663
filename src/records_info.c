/* Rows of the information that travels with messages (RFC 6458, 5.3). */
#include "records_info.h"

const record_field sctp_sndinfo_fields[] = {
    RECORD_FIELD(sctp_sndinfo, snd_sid),
    RECORD_FIELD(sctp_sndinfo, snd_flags),
    RECORD_FIELD(sctp_sndinfo, snd_ppid),
    RECORD_FIELD(sctp_sndinfo, snd_context),
    RECORD_FIELD(sctp_sndinfo, snd_assoc_id),
};

static const record_field sctp_prinfo_fields[] = {
    RECORD_FIELD_OF(sctp_prinfo, pr_policy, RECORD_POLICY),
    RECORD_FIELD(sctp_prinfo, pr_value),
};

static const record_field sctp_authinfo_fields[] = {
    RECORD_FIELD(sctp_authinfo, auth_keynumber),
};

static const record_field sctp_rcvinfo_fields[] = {
    RECORD_FIELD(sctp_rcvinfo, rcv_sid),
    RECORD_FIELD(sctp_rcvinfo, rcv_ssn),
    RECORD_FIELD(sctp_rcvinfo, rcv_flags),
    RECORD_FIELD(sctp_rcvinfo, rcv_ppid),
    RECORD_FIELD(sctp_rcvinfo, rcv_tsn),
    RECORD_FIELD(sctp_rcvinfo, rcv_cumtsn),
    RECORD_FIELD(sctp_rcvinfo, rcv_context),
    RECORD_FIELD(sctp_rcvinfo, rcv_assoc_id),
};

static const record_field sctp_nxtinfo_fields[] = {
    RECORD_FIELD(sctp_nxtinfo, nxt_sid),
    RECORD_FIELD(sctp_nxtinfo, nxt_flags),
    RECORD_FIELD(sctp_nxtinfo, nxt_ppid),
    RECORD_FIELD(sctp_nxtinfo, nxt_length),
    RECORD_FIELD(sctp_nxtinfo, nxt_assoc_id),
};

const record records_info[INFO_COUNT] = {
    [INFO_SNDINFO] = RECORD(sctp_sndinfo, NULL, NULL),
    [INFO_PRINFO] = RECORD(sctp_prinfo, NULL, NULL),
    [INFO_AUTHINFO] = RECORD(sctp_authinfo, NULL, NULL),
    [INFO_RCVINFO] = RECORD(sctp_rcvinfo, NULL, NULL),
    [INFO_NXTINFO] = RECORD(sctp_nxtinfo, NULL, NULL),
};
