"""Discards messages and says in plain English what the kernel notifies it of.

usage: monitor.py [port]
"""

import sys
from socket import AF_INET6, SOCK_SEQPACKET

from sctp import *

PORT = int(sys.argv[1]) if sys.argv[1:] else 9

with sctp_socket(AF_INET6, SOCK_SEQPACKET) as sock:
    for type in NotificationType:
        event = sctp_event(se_assoc_id=SCTP_FUTURE_ASSOC, se_type=type, se_on=1)
        sock.setsockopt(IPPROTO_SCTP, SCTP_EVENT, event)
    sock.bind(("::", PORT))
    sock.listen()
    while True:
        data, _, _, _, flags = sock.sctp_recvv(65536)
        if flags & MSG_NOTIFICATION:
            print(describe_notification(data), flush=True)
        else:
            print(f"A message of {len(data)} bytes.", flush=True)
