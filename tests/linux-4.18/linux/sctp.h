/* This machine's header, reduced to the definitions of Linux 4.18.  Later ones
   are undefined, or hidden under other names. */
#pragma GCC system_header

#pragma push_macro("sctp_event")
#undef sctp_event
#define sctp_event later_event
#pragma push_macro("sctp_paddrparams")
#undef sctp_paddrparams
#define sctp_paddrparams later_paddrparams
#pragma push_macro("sctp_paddrthlds_v2")
#undef sctp_paddrthlds_v2
#define sctp_paddrthlds_v2 later_paddrthlds_v2
#pragma push_macro("sctp_probeinterval")
#undef sctp_probeinterval
#define sctp_probeinterval later_probeinterval
#pragma push_macro("sctp_send_failed_event")
#undef sctp_send_failed_event
#define sctp_send_failed_event later_send_failed_event
#pragma push_macro("sctp_udpencaps")
#undef sctp_udpencaps
#define sctp_udpencaps later_udpencaps
#define SCTP_ADDR_POTENTIALLY_FAILED LATER_ADDR_POTENTIALLY_FAILED
#define SCTP_PR_SCTP_ALL LATER_PR_SCTP_ALL
#define SCTP_SS_FC LATER_SS_FC
#define SCTP_SS_MAX LATER_SS_MAX
#define SCTP_SS_WFQ LATER_SS_WFQ
#define SPP_DSCP LATER_DSCP
#define SPP_IPV6_FLOWLABEL LATER_IPV6_FLOWLABEL

#include_next <linux/sctp.h>

#pragma pop_macro("sctp_event")
#pragma pop_macro("sctp_paddrparams")
#pragma pop_macro("sctp_paddrthlds_v2")
#pragma pop_macro("sctp_probeinterval")
#pragma pop_macro("sctp_send_failed_event")
#pragma pop_macro("sctp_udpencaps")
#undef SCTP_ADDR_POTENTIALLY_FAILED
#undef SCTP_PR_SCTP_ALL
#undef SCTP_SS_FC
#undef SCTP_SS_MAX
#undef SCTP_SS_WFQ
#undef SPP_DSCP
#undef SPP_IPV6_FLOWLABEL

#undef SCTP_ADDR_PF
#undef SCTP_ALL_ASSOC
#undef SCTP_ASCONF_SUPPORTED
#undef SCTP_AUTH_SUPPORTED
#undef SCTP_CURRENT_ASSOC
#undef SCTP_ECN_SUPPORTED
#undef SCTP_EVENT
#undef SCTP_EXPOSE_PF_STATE
#undef SCTP_EXPOSE_POTENTIALLY_FAILED_STATE
#undef SCTP_FUTURE_ASSOC
#undef SCTP_PEER_ADDR_THLDS_V2
#undef SCTP_PLPMTUD_PROBE_INTERVAL
#undef SCTP_POTENTIALLY_FAILED
#undef SCTP_REMOTE_UDP_ENCAPS_PORT
#undef SCTP_REUSE_PORT
#undef SCTP_STREAM_CHANGE_DENIED
#undef SCTP_STREAM_CHANGE_FAILED

/* An enumerator cannot be undefined.  A macro with an unknown name hides it. */
#undef SCTP_DATA_IO_EVENT
#undef SCTP_SEND_FAILED_EVENT
#undef SCTP_SN_TYPE_MAX
#define SCTP_DATA_IO_EVENT NOT_IN_LINUX_4_18
#define SCTP_SEND_FAILED_EVENT NOT_IN_LINUX_4_18
#define SCTP_SN_TYPE_MAX NOT_IN_LINUX_4_18

/* The structure without its last two members. */
struct sctp_paddrparams {
    sctp_assoc_t spp_assoc_id;
    struct sockaddr_storage spp_address;
    __u32 spp_hbinterval;
    __u16 spp_pathmaxrxt;
    __u32 spp_pathmtu;
    __u32 spp_sackdelay;
    __u32 spp_flags;
} __attribute__((packed, aligned(4)));
