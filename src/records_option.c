/* Rows of the structures of socket options, and the table of options. */
#include "records_option.h"
#include "records_info.h"

static const record_field sctp_initmsg_fields[] = {
    RECORD_FIELD(sctp_initmsg, sinit_num_ostreams),
    RECORD_FIELD(sctp_initmsg, sinit_max_instreams),
    RECORD_FIELD(sctp_initmsg, sinit_max_attempts),
    RECORD_FIELD(sctp_initmsg, sinit_max_init_timeo),
};

static const record_field sctp_paddrparams_fields[] = {
    RECORD_FIELD(sctp_paddrparams, spp_assoc_id),
    RECORD_FIELD(sctp_paddrparams, spp_address),
    RECORD_FIELD(sctp_paddrparams, spp_hbinterval),
    RECORD_FIELD(sctp_paddrparams, spp_pathmaxrxt),
    RECORD_FIELD(sctp_paddrparams, spp_pathmtu),
    RECORD_FIELD(sctp_paddrparams, spp_flags),
    RECORD_FIELD(sctp_paddrparams, spp_ipv6_flowlabel),
    RECORD_FIELD(sctp_paddrparams, spp_dscp),
#if PLATFORM_SPP_SACKDELAY
    RECORD_FIELD(sctp_paddrparams, spp_sackdelay),
#endif
};

static const record_field sctp_paddrinfo_fields[] = {
    RECORD_FIELD(sctp_paddrinfo, spinfo_assoc_id),
    RECORD_FIELD(sctp_paddrinfo, spinfo_address),
    RECORD_FIELD(sctp_paddrinfo, spinfo_state),
    RECORD_FIELD(sctp_paddrinfo, spinfo_cwnd),
    RECORD_FIELD(sctp_paddrinfo, spinfo_srtt),
    RECORD_FIELD(sctp_paddrinfo, spinfo_rto),
    RECORD_FIELD(sctp_paddrinfo, spinfo_mtu),
};

static const record_field sctp_rtoinfo_fields[] = {
    RECORD_FIELD(sctp_rtoinfo, srto_assoc_id),
    RECORD_FIELD(sctp_rtoinfo, srto_initial),
    RECORD_FIELD(sctp_rtoinfo, srto_max),
    RECORD_FIELD(sctp_rtoinfo, srto_min),
};

static const record_field sctp_assocparams_fields[] = {
    RECORD_FIELD(sctp_assocparams, sasoc_assoc_id),
    RECORD_FIELD(sctp_assocparams, sasoc_asocmaxrxt),
    RECORD_FIELD(sctp_assocparams, sasoc_number_peer_destinations),
    RECORD_FIELD(sctp_assocparams, sasoc_peer_rwnd),
    RECORD_FIELD(sctp_assocparams, sasoc_local_rwnd),
    RECORD_FIELD(sctp_assocparams, sasoc_cookie_life),
};

static const record_field sctp_setprim_fields[] = {
    RECORD_FIELD(sctp_setprim, ssp_assoc_id),
    RECORD_FIELD(sctp_setprim, ssp_addr),
};

static const record_field sctp_setadaptation_fields[] = {
    RECORD_FIELD(sctp_setadaptation, ssb_adaptation_ind),
};

static const record_field sctp_assoc_value_fields[] = {
    RECORD_FIELD(sctp_assoc_value, assoc_id),
    RECORD_FIELD(sctp_assoc_value, assoc_value),
};

static const record_field sctp_sack_info_fields[] = {
    RECORD_FIELD(sctp_sack_info, sack_assoc_id),
    RECORD_FIELD(sctp_sack_info, sack_delay),
    RECORD_FIELD(sctp_sack_info, sack_freq),
};

static const record_field sctp_authkeyid_fields[] = {
    RECORD_FIELD(sctp_authkeyid, scact_assoc_id),
    RECORD_FIELD(sctp_authkeyid, scact_keynumber),
};

static const record_field sctp_default_prinfo_fields[] = {
    RECORD_FIELD_OF(sctp_default_prinfo, pr_policy, RECORD_POLICY),
    RECORD_FIELD(sctp_default_prinfo, pr_value),
    RECORD_FIELD(sctp_default_prinfo, pr_assoc_id),
};

static const record_field sctp_status_fields[] = {
    RECORD_FIELD(sctp_status, sstat_assoc_id),
    RECORD_FIELD(sctp_status, sstat_state),
    RECORD_FIELD(sctp_status, sstat_rwnd),
    RECORD_FIELD(sctp_status, sstat_unackdata),
    RECORD_FIELD(sctp_status, sstat_penddata),
    RECORD_FIELD(sctp_status, sstat_instrms),
    RECORD_FIELD(sctp_status, sstat_outstrms),
    RECORD_FIELD(sctp_status, sstat_fragmentation_point),
    RECORD_FIELD_OF(sctp_status, sstat_primary, RECORD_NESTED),
};

static const record_field sctp_setpeerprim_fields[] = {
    RECORD_FIELD(sctp_setpeerprim, sspp_assoc_id),
    RECORD_FIELD(sctp_setpeerprim, sspp_addr),
};

static const record_field sctp_authchunk_fields[] = {
    RECORD_FIELD(sctp_authchunk, sauth_chunk),
};

static const record_field sctp_authkey_fields[] = {
    RECORD_FIELD(sctp_authkey, sca_assoc_id),
    RECORD_FIELD(sctp_authkey, sca_keynumber),
};

static const record_tail sctp_authkey_tail = {
    "sca_key", RECORD_BYTES, RECORD_FIELD(sctp_authkey, sca_keylength)};

static const record_field sctp_event_fields[] = {
    RECORD_FIELD(sctp_event, se_assoc_id),
    RECORD_FIELD(sctp_event, se_type),
    RECORD_FIELD(sctp_event, se_on),
};

static const record_field sctp_stream_value_fields[] = {
    RECORD_FIELD(sctp_stream_value, assoc_id),
    RECORD_FIELD(sctp_stream_value, stream_id),
    RECORD_FIELD(sctp_stream_value, stream_value),
};

static const record_field sctp_paddrthlds_fields[] = {
    RECORD_FIELD(sctp_paddrthlds, spt_assoc_id),
    RECORD_FIELD(sctp_paddrthlds, spt_address),
    RECORD_FIELD(sctp_paddrthlds, spt_pathmaxrxt),
    RECORD_FIELD(sctp_paddrthlds, spt_pathpfthld),
#ifndef SCTP_PEER_ADDR_THLDS_V2
    RECORD_FIELD(sctp_paddrthlds, spt_pathcpthld),
#endif
};

static const record_field sctp_udpencaps_fields[] = {
    RECORD_FIELD(sctp_udpencaps, sue_assoc_id),
    RECORD_FIELD(sctp_udpencaps, sue_address),
    RECORD_FIELD_OF(sctp_udpencaps, sue_port, RECORD_PORT),
};

static const record_field sctp_prstatus_fields[] = {
    RECORD_FIELD(sctp_prstatus, sprstat_assoc_id),
    RECORD_FIELD(sctp_prstatus, sprstat_sid),
    RECORD_FIELD(sctp_prstatus, sprstat_policy),
    RECORD_FIELD(sctp_prstatus, sprstat_abandoned_unsent),
    RECORD_FIELD(sctp_prstatus, sprstat_abandoned_sent),
};

static const record_field sctp_reset_streams_fields[] = {
    RECORD_FIELD(sctp_reset_streams, srs_assoc_id),
    RECORD_FIELD(sctp_reset_streams, srs_flags),
};

static const record_tail sctp_reset_streams_tail = {
    "srs_stream_list", RECORD_U16,
    RECORD_FIELD(sctp_reset_streams, srs_number_streams)};

static const record_field sctp_add_streams_fields[] = {
    RECORD_FIELD(sctp_add_streams, sas_assoc_id),
    RECORD_FIELD(sctp_add_streams, sas_instrms),
    RECORD_FIELD(sctp_add_streams, sas_outstrms),
};

static const record_field sctp_authchunks_fields[] = {
    RECORD_FIELD(sctp_authchunks, gauth_assoc_id),
};

static const record_tail sctp_authchunks_tail = {
    "gauth_chunks", RECORD_U8,
    RECORD_FIELD(sctp_authchunks, gauth_number_of_chunks)};

static const record_tail sctp_hmacalgo_tail = {
    "shmac_idents", RECORD_U16,
    RECORD_FIELD(sctp_hmacalgo, shmac_number_of_idents)};

static const record_tail sctp_assoc_ids_tail = {
    "gaids_assoc_id", RECORD_KIND((sctp_assoc_t)0),
    RECORD_FIELD(sctp_assoc_ids, gaids_number_of_ids)};

#ifdef SCTP_GET_ASSOC_STATS /* Linux */
static const record_field sctp_paddrthlds_v2_fields[] = {
    RECORD_FIELD(sctp_paddrthlds_v2, spt_assoc_id),
    RECORD_FIELD(sctp_paddrthlds_v2, spt_address),
    RECORD_FIELD(sctp_paddrthlds_v2, spt_pathmaxrxt),
    RECORD_FIELD(sctp_paddrthlds_v2, spt_pathpfthld),
    RECORD_FIELD(sctp_paddrthlds_v2, spt_pathcpthld),
};

static const record_field sctp_probeinterval_fields[] = {
    RECORD_FIELD(sctp_probeinterval, spi_assoc_id),
    RECORD_FIELD(sctp_probeinterval, spi_address),
    RECORD_FIELD(sctp_probeinterval, spi_interval),
};

static const record_field sctp_assoc_stats_fields[] = {
    RECORD_FIELD(sctp_assoc_stats, sas_assoc_id),
    RECORD_FIELD(sctp_assoc_stats, sas_obs_rto_ipaddr),
    RECORD_FIELD(sctp_assoc_stats, sas_maxrto),
    RECORD_FIELD(sctp_assoc_stats, sas_isacks),
    RECORD_FIELD(sctp_assoc_stats, sas_osacks),
    RECORD_FIELD(sctp_assoc_stats, sas_opackets),
    RECORD_FIELD(sctp_assoc_stats, sas_ipackets),
    RECORD_FIELD(sctp_assoc_stats, sas_rtxchunks),
    RECORD_FIELD(sctp_assoc_stats, sas_outofseqtsns),
    RECORD_FIELD(sctp_assoc_stats, sas_idupchunks),
    RECORD_FIELD(sctp_assoc_stats, sas_gapcnt),
    RECORD_FIELD(sctp_assoc_stats, sas_ouodchunks),
    RECORD_FIELD(sctp_assoc_stats, sas_iuodchunks),
    RECORD_FIELD(sctp_assoc_stats, sas_oodchunks),
    RECORD_FIELD(sctp_assoc_stats, sas_iodchunks),
    RECORD_FIELD(sctp_assoc_stats, sas_octrlchunks),
    RECORD_FIELD(sctp_assoc_stats, sas_ictrlchunks),
};
#endif

#ifdef SCTP_PLUGGABLE_CC /* FreeBSD */
static const record_field sctp_cc_option_fields[] = {
    RECORD_FIELD(sctp_cc_option, option),
    RECORD_FIELD_OF(sctp_cc_option, aid_value, RECORD_NESTED),
};

static const record_field sctp_timeouts_fields[] = {
    RECORD_FIELD(sctp_timeouts, stimo_assoc_id),
    RECORD_FIELD(sctp_timeouts, stimo_init),
    RECORD_FIELD(sctp_timeouts, stimo_data),
    RECORD_FIELD(sctp_timeouts, stimo_sack),
    RECORD_FIELD(sctp_timeouts, stimo_shutdown),
    RECORD_FIELD(sctp_timeouts, stimo_heartbeat),
    RECORD_FIELD(sctp_timeouts, stimo_cookie),
    RECORD_FIELD(sctp_timeouts, stimo_shutdownack),
};

static const record_field sctp_sockstat_fields[] = {
    RECORD_FIELD(sctp_sockstat, ss_assoc_id),
    RECORD_FIELD(sctp_sockstat, ss_total_sndbuf),
    RECORD_FIELD(sctp_sockstat, ss_total_recv_buf),
};

static const record_field sctp_pcbinfo_fields[] = {
    RECORD_FIELD(sctp_pcbinfo, ep_count),
    RECORD_FIELD(sctp_pcbinfo, asoc_count),
    RECORD_FIELD(sctp_pcbinfo, laddr_count),
    RECORD_FIELD(sctp_pcbinfo, raddr_count),
    RECORD_FIELD(sctp_pcbinfo, chk_count),
    RECORD_FIELD(sctp_pcbinfo, readq_count),
    RECORD_FIELD(sctp_pcbinfo, free_chunks),
    RECORD_FIELD(sctp_pcbinfo, stream_oque),
};

static const record_field sctp_get_nonce_values_fields[] = {
    RECORD_FIELD(sctp_get_nonce_values, gn_assoc_id),
    RECORD_FIELD(sctp_get_nonce_values, gn_peers_tag),
    RECORD_FIELD(sctp_get_nonce_values, gn_local_tag),
};
#endif

/* A structure that is nothing but its tail. */
#define RECORD_OF_TAIL(structure) \
    {#structure, sizeof(struct structure), NULL, 0, NULL, &structure##_tail}

const record records_option[OPTION_STRUCTURES] = {
    [OPTION_sctp_initmsg] = RECORD(sctp_initmsg, NULL, NULL),
    [OPTION_sctp_paddrparams] = RECORD(sctp_paddrparams, NULL, NULL),
    [OPTION_sctp_paddrinfo] = RECORD(sctp_paddrinfo, NULL, NULL),
    [OPTION_sctp_rtoinfo] = RECORD(sctp_rtoinfo, NULL, NULL),
    [OPTION_sctp_assocparams] = RECORD(sctp_assocparams, NULL, NULL),
    [OPTION_sctp_setprim] = RECORD(sctp_setprim, NULL, NULL),
    [OPTION_sctp_setadaptation] = RECORD(sctp_setadaptation, NULL, NULL),
    [OPTION_sctp_assoc_value] = RECORD(sctp_assoc_value, NULL, NULL),
    [OPTION_sctp_sack_info] = RECORD(sctp_sack_info, NULL, NULL),
    [OPTION_sctp_authkeyid] = RECORD(sctp_authkeyid, NULL, NULL),
    [OPTION_sctp_default_sndinfo] = {"sctp_default_sndinfo",
                                     sizeof(struct sctp_sndinfo),
                                     sctp_sndinfo_fields,
                                     RECORD_LENGTH(sctp_sndinfo_fields), NULL,
                                     NULL},
    [OPTION_sctp_default_prinfo] = RECORD(sctp_default_prinfo, NULL, NULL),
    [OPTION_sctp_status] =
        RECORD(sctp_status, &records_option[OPTION_sctp_paddrinfo], NULL),
    [OPTION_sctp_setpeerprim] = RECORD(sctp_setpeerprim, NULL, NULL),
    [OPTION_sctp_authchunk] = RECORD(sctp_authchunk, NULL, NULL),
    [OPTION_sctp_authkey] = RECORD(sctp_authkey, NULL, &sctp_authkey_tail),
    [OPTION_sctp_event] = RECORD(sctp_event, NULL, NULL),
    [OPTION_sctp_stream_value] = RECORD(sctp_stream_value, NULL, NULL),
    [OPTION_sctp_paddrthlds] = RECORD(sctp_paddrthlds, NULL, NULL),
    [OPTION_sctp_udpencaps] = RECORD(sctp_udpencaps, NULL, NULL),
    [OPTION_sctp_prstatus] = RECORD(sctp_prstatus, NULL, NULL),
    [OPTION_sctp_reset_streams] =
        RECORD(sctp_reset_streams, NULL, &sctp_reset_streams_tail),
    [OPTION_sctp_add_streams] = RECORD(sctp_add_streams, NULL, NULL),
    [OPTION_sctp_authchunks] =
        RECORD(sctp_authchunks, NULL, &sctp_authchunks_tail),
    [OPTION_sctp_hmacalgo] = RECORD_OF_TAIL(sctp_hmacalgo),
    [OPTION_sctp_assoc_ids] = RECORD_OF_TAIL(sctp_assoc_ids),
#ifdef SCTP_GET_ASSOC_STATS /* Linux */
    [OPTION_sctp_paddrthlds_v2] = RECORD(sctp_paddrthlds_v2, NULL, NULL),
    [OPTION_sctp_probeinterval] = RECORD(sctp_probeinterval, NULL, NULL),
    [OPTION_sctp_assoc_stats] = RECORD(sctp_assoc_stats, NULL, NULL),
#endif
#ifdef SCTP_PLUGGABLE_CC /* FreeBSD */
    [OPTION_sctp_cc_option] =
        RECORD(sctp_cc_option, &records_option[OPTION_sctp_assoc_value], NULL),
    [OPTION_sctp_timeouts] = RECORD(sctp_timeouts, NULL, NULL),
    [OPTION_sctp_sockstat] = RECORD(sctp_sockstat, NULL, NULL),
    [OPTION_sctp_pcbinfo] = RECORD(sctp_pcbinfo, NULL, NULL),
    [OPTION_sctp_get_nonce_values] = RECORD(sctp_get_nonce_values, NULL, NULL),
#endif
};

#define OPTION(name, kind, access, reference) \
    {#name, name, OPTION_##kind, OPTION_##access, reference}

const option records_options[] = {
    OPTION(SCTP_RTOINFO, sctp_rtoinfo, RW, "RFC 6458, 8.1.1"),
    OPTION(SCTP_ASSOCINFO, sctp_assocparams, RW, "RFC 6458, 8.1.2"),
    OPTION(SCTP_INITMSG, sctp_initmsg, RW, "RFC 6458, 8.1.3"),
    OPTION(SCTP_NODELAY, int, RW, "RFC 6458, 8.1.5"),
    OPTION(SCTP_AUTOCLOSE, int, RW, "RFC 6458, 8.1.8"),
    OPTION(SCTP_PRIMARY_ADDR, sctp_setprim, RW, "RFC 6458, 8.1.9"),
    OPTION(SCTP_ADAPTATION_LAYER, sctp_setadaptation, RW, "RFC 6458, 8.1.10"),
    OPTION(SCTP_DISABLE_FRAGMENTS, int, RW, "RFC 6458, 8.1.11"),
    OPTION(SCTP_PEER_ADDR_PARAMS, sctp_paddrparams, RW, "RFC 6458, 8.1.12"),
    OPTION(SCTP_I_WANT_MAPPED_V4_ADDR, int, RW, "RFC 6458, 8.1.15"),
    OPTION(SCTP_MAXSEG, sctp_assoc_value, RW, "RFC 6458, 8.1.16"),
    OPTION(SCTP_HMAC_IDENT, sctp_hmacalgo, RW, "RFC 6458, 8.1.17"),
    OPTION(SCTP_AUTH_ACTIVE_KEY, sctp_authkeyid, RW, "RFC 6458, 8.1.18"),
    OPTION(SCTP_DELAYED_SACK, sctp_sack_info, RW, "RFC 6458, 8.1.19"),
    OPTION(SCTP_FRAGMENT_INTERLEAVE, int, RW, "RFC 6458, 8.1.20"),
    OPTION(SCTP_PARTIAL_DELIVERY_POINT, int, RW, "RFC 6458, 8.1.21"),
    OPTION(SCTP_AUTO_ASCONF, int, RW, "RFC 6458, 8.1.23"),
    OPTION(SCTP_MAX_BURST, sctp_assoc_value, RW, "RFC 6458, 8.1.24"),
    OPTION(SCTP_CONTEXT, sctp_assoc_value, RW, "RFC 6458, 8.1.25"),
    OPTION(SCTP_REUSE_PORT, int, RW, "RFC 6458, 8.1.27"),
    OPTION(SCTP_EVENT, sctp_event, RW, "RFC 6458, 6.2.2"),
    OPTION(SCTP_RECVRCVINFO, int, RW, "RFC 6458, 8.1.29"),
    OPTION(SCTP_RECVNXTINFO, int, RW, "RFC 6458, 8.1.30"),
    OPTION(SCTP_DEFAULT_SNDINFO, sctp_default_sndinfo, RW, "RFC 6458, 8.1.31"),
    OPTION(SCTP_DEFAULT_PRINFO, sctp_default_prinfo, RW, "RFC 6458, 8.1.32"),
    OPTION(SCTP_STATUS, sctp_status, R, "RFC 6458, 8.2.1"),
    OPTION(SCTP_GET_PEER_ADDR_INFO, sctp_paddrinfo, R, "RFC 6458, 8.2.2"),
    OPTION(SCTP_PEER_AUTH_CHUNKS, sctp_authchunks, R, "RFC 6458, 8.2.3"),
    OPTION(SCTP_LOCAL_AUTH_CHUNKS, sctp_authchunks, R, "RFC 6458, 8.2.4"),
    OPTION(SCTP_GET_ASSOC_NUMBER, int, R, "RFC 6458, 8.2.5"),
    OPTION(SCTP_GET_ASSOC_ID_LIST, sctp_assoc_ids, R, "RFC 6458, 8.2.6"),
    OPTION(SCTP_SET_PEER_PRIMARY_ADDR, sctp_setpeerprim, W, "RFC 6458, 8.3.1"),
    OPTION(SCTP_AUTH_CHUNK, sctp_authchunk, W, "RFC 6458, 8.3.2"),
    OPTION(SCTP_AUTH_KEY, sctp_authkey, W, "RFC 6458, 8.3.3"),
    OPTION(SCTP_AUTH_DEACTIVATE_KEY, sctp_authkeyid, W, "RFC 6458, 8.3.4"),
    OPTION(SCTP_AUTH_DELETE_KEY, sctp_authkeyid, W, "RFC 6458, 8.3.5"),
    OPTION(SCTP_PEER_ADDR_THLDS, sctp_paddrthlds, RW, "RFC 7829, 7.2"),
    OPTION(SCTP_REMOTE_UDP_ENCAPS_PORT, sctp_udpencaps, RW, "RFC 6951, 6.1"),
    OPTION(SCTP_ECN_SUPPORTED, sctp_assoc_value, RW, "RFC 9260"),
    OPTION(SCTP_PR_SUPPORTED, sctp_assoc_value, RW, "RFC 7496, 4.5"),
    OPTION(SCTP_AUTH_SUPPORTED, sctp_assoc_value, RW, "RFC 4895"),
    OPTION(SCTP_ASCONF_SUPPORTED, sctp_assoc_value, RW, "RFC 5061"),
    OPTION(SCTP_RECONFIG_SUPPORTED, sctp_assoc_value, RW, "RFC 6525"),
    OPTION(SCTP_PR_STREAM_STATUS, sctp_prstatus, R, "RFC 7496, 4.3"),
    OPTION(SCTP_PR_ASSOC_STATUS, sctp_prstatus, R, "RFC 7496, 4.4"),
    OPTION(SCTP_ENABLE_STREAM_RESET, sctp_assoc_value, RW, "RFC 6525, 6.3.1"),
    OPTION(SCTP_RESET_STREAMS, sctp_reset_streams, W, "RFC 6525, 6.3.2"),
    OPTION(SCTP_RESET_ASSOC, int, W, "RFC 6525, 6.3.3"),
    OPTION(SCTP_ADD_STREAMS, sctp_add_streams, W, "RFC 6525, 6.3.4"),
    OPTION(SCTP_STREAM_SCHEDULER, sctp_assoc_value, RW, "RFC 8260, 4.3.2"),
    OPTION(SCTP_STREAM_SCHEDULER_VALUE, sctp_stream_value, RW,
           "RFC 8260, 4.3.3"),
    OPTION(SCTP_INTERLEAVING_SUPPORTED, sctp_assoc_value, RW,
           "RFC 8260, 4.3.1"),
#ifdef SCTP_GET_ASSOC_STATS /* Linux */
    OPTION(SCTP_PEER_ADDR_THLDS_V2, sctp_paddrthlds_v2, RW, "RFC 7829, 7.2"),
    OPTION(SCTP_EXPOSE_POTENTIALLY_FAILED_STATE, sctp_assoc_value, RW,
           "RFC 7829, 7.3"),
    OPTION(SCTP_PLPMTUD_PROBE_INTERVAL, sctp_probeinterval, RW, "RFC 8899"),
    OPTION(SCTP_GET_ASSOC_STATS, sctp_assoc_stats, R, "Linux"),
#endif
#ifdef SCTP_PLUGGABLE_CC /* FreeBSD */
    OPTION(SCTP_EXPLICIT_EOR, int, RW, "RFC 6458, 8.1.26"),
    OPTION(SCTP_NRSACK_SUPPORTED, sctp_assoc_value, RW, "FreeBSD"),
    OPTION(SCTP_PKTDROP_SUPPORTED, sctp_assoc_value, RW, "FreeBSD"),
    OPTION(SCTP_MAX_CWND, sctp_assoc_value, RW, "FreeBSD"),
    OPTION(SCTP_ACCEPT_ZERO_CHECKSUM, sctp_assoc_value, RW, "RFC 9653, 7.1"),
    OPTION(SCTP_TIMEOUTS, sctp_timeouts, R, "FreeBSD"),
    OPTION(SCTP_PLUGGABLE_CC, sctp_assoc_value, RW, "FreeBSD"),
    OPTION(SCTP_CC_OPTION, sctp_cc_option, RW, "FreeBSD"),
    OPTION(SCTP_CMT_ON_OFF, sctp_assoc_value, RW, "FreeBSD"),
    OPTION(SCTP_GET_SNDBUF_USE, sctp_sockstat, R, "FreeBSD"),
    OPTION(SCTP_PCB_STATUS, sctp_pcbinfo, R, "FreeBSD"),
    OPTION(SCTP_GET_NONCE_VALUES, sctp_get_nonce_values, R, "FreeBSD"),
    OPTION(SCTP_SET_DYNAMIC_PRIMARY, sctp_setprim, W, "FreeBSD"),
#endif
};

const int records_options_length = RECORD_LENGTH(records_options);
