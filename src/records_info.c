/* The rows of the infos that travel with messages (RFC 6458, 5.3). */
#include "records_info.h"

const record records_info[INFO_COUNT] = {
    [INFO_SNDINFO] = RECORD(sctp_sndinfo, NULL, NULL, RECORDS_SNDINFO),
    [INFO_PRINFO] =
        RECORD(sctp_prinfo, NULL, NULL,
               RECORD_FIELD_OF(sctp_prinfo, pr_policy, RECORD_POLICY),
               RECORD_FIELD(sctp_prinfo, pr_value)),
    [INFO_AUTHINFO] = RECORD(sctp_authinfo, NULL, NULL,
                             RECORD_FIELD(sctp_authinfo, auth_keynumber)),
    [INFO_RCVINFO] =
        RECORD(sctp_rcvinfo, NULL, NULL, RECORD_FIELD(sctp_rcvinfo, rcv_sid),
               RECORD_FIELD(sctp_rcvinfo, rcv_ssn),
               RECORD_FIELD(sctp_rcvinfo, rcv_flags),
               RECORD_FIELD(sctp_rcvinfo, rcv_ppid),
               RECORD_FIELD(sctp_rcvinfo, rcv_tsn),
               RECORD_FIELD(sctp_rcvinfo, rcv_cumtsn),
               RECORD_FIELD(sctp_rcvinfo, rcv_context),
               RECORD_FIELD(sctp_rcvinfo, rcv_assoc_id)),
    [INFO_NXTINFO] =
        RECORD(sctp_nxtinfo, NULL, NULL, RECORD_FIELD(sctp_nxtinfo, nxt_sid),
               RECORD_FIELD(sctp_nxtinfo, nxt_flags),
               RECORD_FIELD(sctp_nxtinfo, nxt_ppid),
               RECORD_FIELD(sctp_nxtinfo, nxt_length),
               RECORD_FIELD(sctp_nxtinfo, nxt_assoc_id)),
};
