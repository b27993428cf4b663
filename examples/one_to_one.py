"""Sends ten unordered messages to a discard server, on as many streams as the server
accepts: the client of RFC 6458, appendix A.

usage: one_to_one.py [port]
"""

import sys
from socket import AF_INET, SOCK_STREAM, htonl

from sctp import (
    IPPROTO_SCTP,
    SCTP_ADAPTATION_LAYER,
    SCTP_INITMSG,
    SCTP_STATUS,
    SCTP_UNORDERED,
    sctp_initmsg,
    sctp_setadaptation,
    sctp_sndinfo,
    sctp_socket,
    sctp_status,
)

PORT = int(sys.argv[1]) if sys.argv[1:] else 9
MESSAGES = 10
MESSAGE = b"A" * 1000

with sctp_socket(AF_INET, SOCK_STREAM) as sock:
    # Both options take effect when the association is set up.
    sock.setsockopt(IPPROTO_SCTP, SCTP_INITMSG, sctp_initmsg(sinit_num_ostreams=2048))
    adaptation = sctp_setadaptation(ssb_adaptation_ind=0x01020304)
    sock.setsockopt(IPPROTO_SCTP, SCTP_ADAPTATION_LAYER, adaptation)
    sock.connect(("127.0.0.1", PORT))

    streams = sock.sctp_opt_info(SCTP_STATUS, sctp_status())["sstat_outstrms"]
    info = sctp_sndinfo(snd_flags=SCTP_UNORDERED, snd_ppid=htonl(1234))
    for number in range(MESSAGES):
        info["snd_sid"] = number % streams
        sock.sctp_sendv([MESSAGE], info=info)
used = min(MESSAGES, streams)
print(
    f"sent {MESSAGES} messages of {len(MESSAGE)} bytes on {used} of {streams} streams"
)
