/* Rows of notifications, and the table of their types. */
#include "records_event.h"
#include "records_info.h"

#define RECORD_FIELD_TYPE(structure, member) \
    {"sn_type", offsetof(struct structure, member), RECORD_U16}

static const record_field sctp_sndrcvinfo_fields[] = {
    RECORD_FIELD(sctp_sndrcvinfo, sinfo_stream),
    RECORD_FIELD(sctp_sndrcvinfo, sinfo_ssn),
    RECORD_FIELD(sctp_sndrcvinfo, sinfo_flags),
    RECORD_FIELD(sctp_sndrcvinfo, sinfo_ppid),
    RECORD_FIELD(sctp_sndrcvinfo, sinfo_context),
    RECORD_FIELD(sctp_sndrcvinfo, sinfo_timetolive),
    RECORD_FIELD(sctp_sndrcvinfo, sinfo_tsn),
    RECORD_FIELD(sctp_sndrcvinfo, sinfo_cumtsn),
    RECORD_FIELD(sctp_sndrcvinfo, sinfo_assoc_id),
};

static const record_field sctp_assoc_change_fields[] = {
    RECORD_FIELD_TYPE(sctp_assoc_change, sac_type),
    RECORD_FIELD(sctp_assoc_change, sac_flags),
    RECORD_FIELD(sctp_assoc_change, sac_state),
    RECORD_FIELD_OF(sctp_assoc_change, sac_error, RECORD_CAUSE16),
    RECORD_FIELD(sctp_assoc_change, sac_outbound_streams),
    RECORD_FIELD(sctp_assoc_change, sac_inbound_streams),
    RECORD_FIELD(sctp_assoc_change, sac_assoc_id),
};

static const record_tail sctp_assoc_change_tail = {
    "sac_info", RECORD_BYTES_IF_ANY, {NULL, 0, 0}};

static const record_field sctp_paddr_change_fields[] = {
    RECORD_FIELD_TYPE(sctp_paddr_change, spc_type),
    RECORD_FIELD(sctp_paddr_change, spc_flags),
    RECORD_FIELD_OF(sctp_paddr_change, spc_aaddr, RECORD_PEER),
    RECORD_FIELD(sctp_paddr_change, spc_state),
    RECORD_FIELD(sctp_paddr_change, spc_error),
    RECORD_FIELD(sctp_paddr_change, spc_assoc_id),
};

static const record_field sctp_remote_error_fields[] = {
    RECORD_FIELD_TYPE(sctp_remote_error, sre_type),
    RECORD_FIELD(sctp_remote_error, sre_flags),
    RECORD_FIELD_OF(sctp_remote_error, sre_error, RECORD_CAUSE16),
    RECORD_FIELD(sctp_remote_error, sre_assoc_id),
};

static const record_tail sctp_remote_error_tail = {
    "sre_data", RECORD_BYTES, {NULL, 0, 0}};

static const record_field sctp_send_failed_fields[] = {
    RECORD_FIELD_TYPE(sctp_send_failed, ssf_type),
    RECORD_FIELD(sctp_send_failed, ssf_flags),
    RECORD_FIELD_OF(sctp_send_failed, ssf_error, RECORD_CAUSE32),
    RECORD_FIELD_OF(sctp_send_failed, ssf_info, RECORD_NESTED),
    RECORD_FIELD(sctp_send_failed, ssf_assoc_id),
};

static const record_tail sctp_send_failed_tail = {
    "ssf_data", RECORD_BYTES, {NULL, 0, 0}};

static const record_field sctp_shutdown_event_fields[] = {
    RECORD_FIELD_TYPE(sctp_shutdown_event, sse_type),
    RECORD_FIELD(sctp_shutdown_event, sse_flags),
    RECORD_FIELD(sctp_shutdown_event, sse_assoc_id),
};

static const record_field sctp_adaptation_event_fields[] = {
    RECORD_FIELD_TYPE(sctp_adaptation_event, sai_type),
    RECORD_FIELD(sctp_adaptation_event, sai_flags),
    RECORD_FIELD(sctp_adaptation_event, sai_adaptation_ind),
    RECORD_FIELD(sctp_adaptation_event, sai_assoc_id),
};

static const record_field sctp_pdapi_event_fields[] = {
    RECORD_FIELD_TYPE(sctp_pdapi_event, pdapi_type),
    RECORD_FIELD(sctp_pdapi_event, pdapi_flags),
    RECORD_FIELD(sctp_pdapi_event, pdapi_indication),
    RECORD_FIELD(sctp_pdapi_event, pdapi_stream),
    RECORD_FIELD(sctp_pdapi_event, pdapi_seq),
    RECORD_FIELD(sctp_pdapi_event, pdapi_assoc_id),
};

static const record_field sctp_authkey_event_fields[] = {
    RECORD_FIELD_TYPE(sctp_authkey_event, auth_type),
    RECORD_FIELD(sctp_authkey_event, auth_flags),
    RECORD_FIELD(sctp_authkey_event, auth_keynumber),
    RECORD_FIELD(sctp_authkey_event, auth_indication),
    RECORD_FIELD(sctp_authkey_event, auth_assoc_id),
};

static const record_field sctp_sender_dry_event_fields[] = {
    RECORD_FIELD_TYPE(sctp_sender_dry_event, sender_dry_type),
    RECORD_FIELD(sctp_sender_dry_event, sender_dry_flags),
    RECORD_FIELD(sctp_sender_dry_event, sender_dry_assoc_id),
};

static const record_field sctp_send_failed_event_fields[] = {
    RECORD_FIELD_TYPE(sctp_send_failed_event, ssfe_type),
    RECORD_FIELD(sctp_send_failed_event, ssfe_flags),
    RECORD_FIELD_OF(sctp_send_failed_event, ssfe_error, RECORD_CAUSE32),
    RECORD_FIELD_OF(sctp_send_failed_event, ssfe_info, RECORD_NESTED),
    RECORD_FIELD(sctp_send_failed_event, ssfe_assoc_id),
};

static const record_tail sctp_send_failed_event_tail = {
    "ssfe_data", RECORD_BYTES, {NULL, 0, 0}};

static const record_field sctp_stream_reset_event_fields[] = {
    RECORD_FIELD_TYPE(sctp_stream_reset_event, strreset_type),
    RECORD_FIELD(sctp_stream_reset_event, strreset_flags),
    RECORD_FIELD(sctp_stream_reset_event, strreset_assoc_id),
};

static const record_tail sctp_stream_reset_event_tail = {
    "strreset_stream_list", RECORD_U16, {NULL, 0, 0}};

static const record_field sctp_assoc_reset_event_fields[] = {
    RECORD_FIELD_TYPE(sctp_assoc_reset_event, assocreset_type),
    RECORD_FIELD(sctp_assoc_reset_event, assocreset_flags),
    RECORD_FIELD(sctp_assoc_reset_event, assocreset_assoc_id),
    RECORD_FIELD(sctp_assoc_reset_event, assocreset_local_tsn),
    RECORD_FIELD(sctp_assoc_reset_event, assocreset_remote_tsn),
};

static const record_field sctp_stream_change_event_fields[] = {
    RECORD_FIELD_TYPE(sctp_stream_change_event, strchange_type),
    RECORD_FIELD(sctp_stream_change_event, strchange_flags),
    RECORD_FIELD(sctp_stream_change_event, strchange_assoc_id),
    RECORD_FIELD(sctp_stream_change_event, strchange_instrms),
    RECORD_FIELD(sctp_stream_change_event, strchange_outstrms),
};

#ifdef SCTP_NOTIFICATIONS_STOPPED_EVENT
static const record_field sctp_tlv_fields[] = {
    RECORD_FIELD_TYPE(sctp_tlv, sn_type),
    RECORD_FIELD(sctp_tlv, sn_flags),
};
#endif

/* The info of a message that the deprecated SCTP_SEND_FAILED carries. */
const record records_sndrcvinfo = RECORD(sctp_sndrcvinfo, NULL, NULL);

/* A row; last is the last member that every kernel fills in. */
#define EVENT(type, structure, last, nested, tail) \
    {type,                                         \
     offsetof(struct structure, last) +            \
         sizeof(((struct structure *)0)->last),    \
     RECORD(structure, nested, tail)}

const event records_event[EVENT_TYPES] = {
    EVENT(SCTP_ASSOC_CHANGE, sctp_assoc_change, sac_assoc_id, NULL,
          &sctp_assoc_change_tail),
    EVENT(SCTP_PEER_ADDR_CHANGE, sctp_paddr_change, spc_assoc_id, NULL, NULL),
    EVENT(SCTP_REMOTE_ERROR, sctp_remote_error, sre_assoc_id, NULL,
          &sctp_remote_error_tail),
    EVENT(SCTP_SEND_FAILED, sctp_send_failed, ssf_assoc_id,
          &records_sndrcvinfo, &sctp_send_failed_tail),
    EVENT(SCTP_SHUTDOWN_EVENT, sctp_shutdown_event, sse_assoc_id, NULL, NULL),
    EVENT(SCTP_ADAPTATION_INDICATION, sctp_adaptation_event, sai_assoc_id,
          NULL, NULL),
    EVENT(SCTP_PARTIAL_DELIVERY_EVENT, sctp_pdapi_event, pdapi_assoc_id, NULL,
          NULL),
    EVENT(SCTP_AUTHENTICATION_EVENT, sctp_authkey_event, auth_assoc_id, NULL,
          NULL),
    EVENT(SCTP_SENDER_DRY_EVENT, sctp_sender_dry_event, sender_dry_assoc_id,
          NULL, NULL),
    EVENT(SCTP_SEND_FAILED_EVENT, sctp_send_failed_event, ssfe_assoc_id,
          &records_info[INFO_SNDINFO], &sctp_send_failed_event_tail),
    EVENT(SCTP_STREAM_RESET_EVENT, sctp_stream_reset_event, strreset_assoc_id,
          NULL, &sctp_stream_reset_event_tail),
    EVENT(SCTP_ASSOC_RESET_EVENT, sctp_assoc_reset_event,
          assocreset_remote_tsn, NULL, NULL),
    EVENT(SCTP_STREAM_CHANGE_EVENT, sctp_stream_change_event,
          strchange_outstrms, NULL, NULL),
#ifdef SCTP_NOTIFICATIONS_STOPPED_EVENT
    EVENT(SCTP_NOTIFICATIONS_STOPPED_EVENT, sctp_tlv, sn_length, NULL, NULL),
#endif
};
