"""Sends a message every tenth of a second to a server with several addresses, and
prints when a path fails. Take its network away: messages then use the next path.

usage: failover_client.py [address ...]
"""

import sys
import time
from socket import AF_INET, SOCK_STREAM

from sctp import *

HOSTS = sys.argv[1:] or ["127.0.0.1", "127.0.0.2"]
MESSAGES = 30

with sctp_socket(AF_INET, SOCK_STREAM) as sock:
    # A path fails if three messages or heartbeats in a row are lost. By default it
    # takes six, a second or more apart. With one or two, Linux would try no other path
    # before the path fails.
    timeouts = sctp_rtoinfo(srto_initial=100, srto_max=400, srto_min=100)
    sock.setsockopt(IPPROTO_SCTP, SCTP_RTOINFO, timeouts)
    path = sctp_paddrparams(
        spp_pathmaxrxt=2, spp_hbinterval=500, spp_flags=SPP_HB_ENABLE
    )
    sock.setsockopt(IPPROTO_SCTP, SCTP_PEER_ADDR_PARAMS, path)
    event = sctp_event(se_type=SCTP_PEER_ADDR_CHANGE, se_on=1)
    sock.setsockopt(IPPROTO_SCTP, SCTP_EVENT, event)
    sock.setsockopt(IPPROTO_SCTP, SCTP_NODELAY, 1)

    sock.sctp_connectx([(host, 20000) for host in HOSTS])
    for number in range(MESSAGES):
        sock.sctp_sendv([b"message %d" % number])
        sent = time.monotonic()
        while True:
            data, _, _, _, flags = sock.sctp_recvv(1024)
            if not flags & MSG_NOTIFICATION:
                break
            print(describe_notification(data), flush=True)
        primary = sock.sctp_opt_info(SCTP_STATUS, sctp_status())["sstat_primary"]
        host, state = primary["spinfo_address"][0], PathState(primary["spinfo_state"])
        gap = (time.monotonic() - sent) * 1000
        print(
            f"echo of {data!r} after {gap:.0f} ms; primary {host} is {state.name}",
            flush=True,
        )
        time.sleep(0.1)
