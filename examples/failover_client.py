"""Sends a message every tenth of a second to a server of several addresses and
says when one fails: take its network away, and messages go on to the next.

usage: failover_client.py [address ...]
"""

import sys
import time
from socket import AF_INET, SOCK_STREAM

from sctp import *

HOSTS = sys.argv[1:] or ["127.0.0.1", "127.0.0.2"]
MESSAGES = 30

with sctp_socket(AF_INET, SOCK_STREAM) as sock:
    # A path fails after one lost message or heartbeat, not after five of them
    # with a second or more between.
    timeouts = sctp_rtoinfo(srto_initial=200, srto_max=500, srto_min=200)
    sock.setsockopt(IPPROTO_SCTP, SCTP_RTOINFO, timeouts)
    path = sctp_paddrparams(
        spp_pathmaxrxt=1, spp_hbinterval=500, spp_flags=SPP_HB_ENABLE
    )
    sock.setsockopt(IPPROTO_SCTP, SCTP_PEER_ADDR_PARAMS, path)
    event = sctp_event(se_type=SCTP_PEER_ADDR_CHANGE, se_on=1)
    sock.setsockopt(IPPROTO_SCTP, SCTP_EVENT, event)
    sock.setsockopt(IPPROTO_SCTP, SCTP_NODELAY, 1)

    sock.sctp_connectx([(host, 20000) for host in HOSTS])
    for number in range(MESSAGES):
        sock.sctp_sendv([b"message %d" % number])
        while True:
            data, _, _, _, flags = sock.sctp_recvv(1024)
            if not flags & MSG_NOTIFICATION:
                break
            print(describe_notification(data), flush=True)
        primary = sock.sctp_opt_info(SCTP_STATUS, sctp_status())["sstat_primary"]
        host, state = primary["spinfo_address"][0], PathState(primary["spinfo_state"])
        print(f"echo of {data!r}; primary {host} is {state.name}", flush=True)
        time.sleep(0.1)
