"""Discards messages, and prints them and the notifications of the kernel: the
server of RFC 6458, appendix B.

usage: one_to_many.py [port]
"""

import sys
from socket import AF_INET6, IPPROTO_IPV6, IPV6_V6ONLY, SOCK_SEQPACKET, ntohl

from sctp import *

PORT = int(sys.argv[1]) if sys.argv[1:] else 9
EVENTS = (
    SCTP_ASSOC_CHANGE,
    SCTP_PEER_ADDR_CHANGE,
    SCTP_SHUTDOWN_EVENT,
    SCTP_ADAPTATION_INDICATION,
)
STATES = {
    SCTP_COMM_UP: "Communication up"
    " (streams (in/out)=({sac_inbound_streams}/{sac_outbound_streams})).",
    SCTP_COMM_LOST: "Communication lost (error={sac_error}).",
    SCTP_RESTART: "Communication restarted.",
    SCTP_SHUTDOWN_COMP: "Communication completed.",
    SCTP_CANT_STR_ASSOC: "Communication couldn't be started.",
}


def print_notification(data: bytes) -> None:
    notif = parse_notification(data)
    if notif["sn_type"] == SCTP_ASSOC_CHANGE:
        print(STATES[notif["sac_state"]].format(**notif), flush=True)
    elif notif["sn_type"] == SCTP_PEER_ADDR_CHANGE:
        state = PeerAddrState(notif["spc_state"]).name
        print(f"^^^ Peer address {notif['spc_aaddr'][0]}: {state}.", flush=True)
    elif notif["sn_type"] == SCTP_ADAPTATION_INDICATION:
        indication = notif["sai_adaptation_ind"]
        print(f"^^^ Adaptation indication {indication:08x} received.", flush=True)
    else:
        print("^^^ Shutdown received.", flush=True)


with sctp_socket(AF_INET6, SOCK_SEQPACKET) as sock:
    # A peer that never ends a long message does not block the others.
    sock.setsockopt(IPPROTO_SCTP, SCTP_FRAGMENT_INTERLEAVE, 1)
    # Pieces of a message that its sender abandons would stay in the shared buffer.
    no_pr = sctp_assoc_value(assoc_value=0)
    sock.setsockopt(IPPROTO_SCTP, SCTP_PR_SUPPORTED, no_pr)
    for type in EVENTS:
        sock.setsockopt(IPPROTO_SCTP, SCTP_EVENT, sctp_event(se_type=type, se_on=1))
    sock.setsockopt(IPPROTO_SCTP, SCTP_AUTOCLOSE, 5)
    sock.setsockopt(IPPROTO_SCTP, SCTP_RECVRCVINFO, 1)
    sock.setsockopt(IPPROTO_IPV6, IPV6_V6ONLY, 0)  # IPv4 too
    sock.bind(("::", PORT))
    sock.listen()
    while True:
        # Large enough for any notification: the reason of an ABORT may be long.
        data, addr, info, _, flags = sock.sctp_recvv(2**17)
        if flags & MSG_NOTIFICATION:
            print_notification(data)
            continue
        print(f"Message received from {addr[0]}:{addr[1]}: len={len(data)}", end="")
        unordered = ", unordered" if info["rcv_flags"] & SCTP_UNORDERED else ""
        print(f", sid={info['rcv_sid']}\n{unordered}, tsn={info['rcv_tsn']}", end="")
        print(f", ppid={ntohl(info['rcv_ppid'])}.", flush=True)
