"""Discards messages, and explains each notification of the kernel in a sentence.

usage: monitor.py [port]
"""

import sys
from socket import AF_INET6, IPPROTO_IPV6, IPV6_V6ONLY, MSG_EOR, SOCK_SEQPACKET

from sctp import *

PORT = int(sys.argv[1]) if sys.argv[1:] else 9

with sctp_socket(AF_INET6, SOCK_SEQPACKET) as sock:
    # A peer that never ends a long message does not block the others.
    sock.setsockopt(IPPROTO_SCTP, SCTP_FRAGMENT_INTERLEAVE, 1)
    # Pieces of a message that its sender abandons would stay in the shared buffer.
    no_pr = sctp_assoc_value(assoc_value=0)
    sock.setsockopt(IPPROTO_SCTP, SCTP_PR_SUPPORTED, no_pr)
    # SEND_FAILED is deprecated; it tells the same as SEND_FAILED_EVENT.
    for type in set(NotificationType) - {NotificationType.SEND_FAILED}:
        event = sctp_event(se_assoc_id=SCTP_FUTURE_ASSOC, se_type=type, se_on=1)
        sock.setsockopt(IPPROTO_SCTP, SCTP_EVENT, event)
    sock.setsockopt(IPPROTO_IPV6, IPV6_V6ONLY, 0)  # IPv4 too
    sock.bind(("::", PORT))
    sock.listen()
    while True:
        # Large enough for any notification: the reason of an ABORT may be long.
        data, _, _, _, flags = sock.sctp_recvv(2**17)
        if flags & MSG_NOTIFICATION:
            print(describe_notification(data), flush=True)
        else:
            what = "message" if flags & MSG_EOR else "piece of a message"
            print(f"A {what} of {len(data)} bytes.", flush=True)
