"""Echoes messages on several addresses, so that a client reaches it when one of
them fails.

usage: failover_server.py [address ...]
"""

import sys
from socket import AF_INET, SOCK_SEQPACKET

from sctp import *

HOSTS = sys.argv[1:] or ["127.0.0.1", "127.0.0.2"]

with sctp_socket(AF_INET, SOCK_SEQPACKET) as sock:
    sock.sctp_bindx([(host, 20000) for host in HOSTS], SCTP_BINDX_ADD_ADDR)
    sock.listen()
    sock.setsockopt(IPPROTO_SCTP, SCTP_RECVRCVINFO, 1)
    print("listening on", *HOSTS, flush=True)
    while True:
        data, _, info, _, _ = sock.sctp_recvv(1024)
        # Without an address the answer takes the best path.
        sndinfo = sctp_sndinfo(snd_assoc_id=info["rcv_assoc_id"])
        sock.sctp_sendv([data], info=sndinfo)
