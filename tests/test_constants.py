"""The modules have the names of the system's headers, with their values."""

import native
import pytest

import _sctp.sctp
import _sctp.sctp_event
import _sctp.sctp_info

COMPILER = native.host_compiler()
SYSTEM = COMPILER.system
MODULES = {
    "sctp": _sctp.sctp,
    "sctp_info": _sctp.sctp_info,
    "sctp_event": _sctp.sctp_event,
}
CONSTANTS = {
    name: value
    for module in MODULES.values()
    for name, value in vars(module).items()
    if isinstance(value, int)
}

# The names in the documentation, except those of only one system.
DOCUMENTED = {
    "sctp": "IPPROTO_SCTP SCTP_FUTURE_ASSOC SCTP_CURRENT_ASSOC SCTP_ALL_ASSOC"
    " SCTP_RECVRCVINFO SCTP_RECVNXTINFO SCTP_SENDV_NOINFO SCTP_SENDV_SNDINFO"
    " SCTP_SENDV_PRINFO SCTP_SENDV_AUTHINFO SCTP_SENDV_SPA SCTP_SEND_SNDINFO_VALID"
    " SCTP_SEND_PRINFO_VALID SCTP_SEND_AUTHINFO_VALID SCTP_RECVV_NOINFO"
    " SCTP_RECVV_RCVINFO SCTP_RECVV_NXTINFO SCTP_RECVV_RN SCTP_INIT SCTP_INITMSG"
    " SCTP_SNDINFO SCTP_BINDX_ADD_ADDR SCTP_BINDX_REM_ADDR SCTP_RTOINFO"
    " SCTP_ASSOCINFO SCTP_PEER_ADDR_PARAMS SPP_HB_ENABLE SPP_HB_DISABLE"
    " SPP_HB_DEMAND SPP_HB_TIME_IS_ZERO SPP_PMTUD_ENABLE SPP_PMTUD_DISABLE"
    " SPP_IPV6_FLOWLABEL SPP_DSCP SCTP_GET_PEER_ADDR_INFO SCTP_UNCONFIRMED"
    " SCTP_ACTIVE SCTP_INACTIVE SCTP_PRIMARY_ADDR SCTP_ADAPTATION_LAYER SCTP_MAXSEG"
    " SCTP_HMAC_IDENT SCTP_AUTH_ACTIVE_KEY SCTP_DELAYED_SACK"
    " SCTP_FRAGMENT_INTERLEAVE SCTP_MAX_BURST SCTP_CONTEXT SCTP_DEFAULT_SNDINFO"
    " SCTP_DEFAULT_PRINFO SCTP_STATUS SCTP_CLOSED SCTP_COOKIE_WAIT"
    " SCTP_COOKIE_ECHOED SCTP_ESTABLISHED SCTP_SHUTDOWN_PENDING SCTP_SHUTDOWN_SENT"
    " SCTP_SHUTDOWN_RECEIVED SCTP_SHUTDOWN_ACK_SENT SCTP_PEER_AUTH_CHUNKS"
    " SCTP_LOCAL_AUTH_CHUNKS SCTP_GET_ASSOC_NUMBER SCTP_GET_ASSOC_ID_LIST"
    " SCTP_SET_PEER_PRIMARY_ADDR SCTP_AUTH_CHUNK SCTP_AUTH_KEY"
    " SCTP_AUTH_DEACTIVATE_KEY SCTP_AUTH_DELETE_KEY SCTP_AUTH_HMAC_ID_SHA1"
    " SCTP_AUTH_HMAC_ID_SHA256 SCTP_NODELAY SCTP_AUTOCLOSE SCTP_DISABLE_FRAGMENTS"
    " SCTP_I_WANT_MAPPED_V4_ADDR SCTP_PARTIAL_DELIVERY_POINT SCTP_AUTO_ASCONF"
    " SCTP_REUSE_PORT SOCKADDR_STORAGE_CSIZE SCTP_INITMSG_CSIZE"
    " SCTP_PADDRPARAMS_CSIZE SCTP_PADDRINFO_CSIZE SCTP_RTOINFO_CSIZE"
    " SCTP_ASSOCPARAMS_CSIZE SCTP_SETPRIM_CSIZE SCTP_SETADAPTATION_CSIZE"
    " SCTP_MAXSEG_CSIZE SCTP_AUTH_ACTIVE_KEY_CSIZE SCTP_DELAYED_SACK_CSIZE"
    " SCTP_SNDINFO_CSIZE SCTP_DEFAULT_PRINFO_CSIZE SCTP_STATUS_CSIZE"
    " SCTP_SET_PEER_PRIMARY_ADDR_CSIZE SCTP_AUTH_CHUNK_CSIZE",
    "sctp_info": "SCTP_UNORDERED SCTP_ADDR_OVER SCTP_ABORT SCTP_EOF SCTP_SENDALL"
    " SCTP_SEND_SNDINFO_VALID SCTP_SEND_PRINFO_VALID SCTP_SEND_AUTHINFO_VALID"
    " SCTP_PR_SCTP_NONE SCTP_PR_SCTP_TTL SCTP_NOTIFICATION",
    "sctp_event": "SCTP_EVENT_CSIZE MSG_NOTIFICATION SCTP_EVENT SCTP_ASSOC_CHANGE"
    " SCTP_COMM_UP SCTP_COMM_LOST SCTP_RESTART SCTP_SHUTDOWN_COMP"
    " SCTP_CANT_STR_ASSOC SCTP_PEER_ADDR_CHANGE SCTP_ADDR_AVAILABLE"
    " SCTP_ADDR_UNREACHABLE SCTP_ADDR_REMOVED SCTP_ADDR_ADDED SCTP_ADDR_MADE_PRIM"
    " SCTP_REMOTE_ERROR SCTP_SHUTDOWN_EVENT SCTP_ADAPTATION_INDICATION"
    " SCTP_PARTIAL_DELIVERY_EVENT SCTP_PARTIAL_DELIVERY_ABORTED"
    " SCTP_AUTHENTICATION_EVENT SCTP_AUTH_NEW_KEY SCTP_AUTH_NO_AUTH"
    " SCTP_AUTH_FREE_KEY SCTP_SENDER_DRY_EVENT SCTP_SEND_FAILED_EVENT"
    " SCTP_DATA_UNSENT SCTP_DATA_SENT",
}
DOCUMENTED_FOR = {
    "freebsd": "SCTP_LISTEN SCTP_EXPLICIT_EOR SCTP_ASSOC_SUPPORTS_PR"
    " SCTP_ASSOC_SUPPORTS_AUTH SCTP_ASSOC_SUPPORTS_ASCONF"
    " SCTP_ASSOC_SUPPORTS_MULTIBUF SCTP_NOTIFICATIONS_STOPPED_EVENT",
    "linux": "SCTP_GET_ASSOC_STATS SPP_SACKDELAY_ENABLE SPP_SACKDELAY_DISABLE",
}


@pytest.fixture(scope="module")
def names():
    return COMPILER.names()


def test_every_name_of_the_headers_is_offered_or_left_out_for_a_reason(names):
    assert "SCTP_STATUS" in names
    assert [
        name
        for name in sorted(names - CONSTANTS.keys())
        if not native.reasons(SYSTEM, name)
    ] == []


def test_what_is_left_out_is_not_offered():
    assert [name for name in CONSTANTS if native.reasons(SYSTEM, name)] == []


def test_values_are_those_of_the_headers(names, tmp_path):
    offered = sorted(names & CONSTANTS.keys())
    values = COMPILER.values(offered, native.SYSTEM_HEADERS, tmp_path)
    assert len(values) == len(offered) > 150
    # The headers of each kernel have another last scheduler.
    values.pop("SCTP_SS_MAX", None)
    assert {name: CONSTANTS[name] for name in values} == values


def test_modules_agree_on_the_names_they_share():
    for name, value in CONSTANTS.items():
        assert {getattr(module, name, value) for module in MODULES.values()} == {value}


@pytest.mark.parametrize("module", MODULES)
def test_documented_names_are_there(module):
    documented = DOCUMENTED[module].split()
    assert [name for name in documented if not hasattr(MODULES[module], name)] == []


@pytest.mark.parametrize("system", DOCUMENTED_FOR)
def test_names_of_one_system_are_there_alone(system):
    offered = [name for name in DOCUMENTED_FOR[system].split() if name in CONSTANTS]
    assert offered == (DOCUMENTED_FOR[system].split() if system == SYSTEM else [])
