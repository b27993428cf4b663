"""Sends an authenticated message. The server refuses all others.

usage: authenticated_client.py [key]
"""

import sys
from socket import AF_INET, SOCK_STREAM

from sctp import *

KEY = 1
SECRET = sys.argv[1] if sys.argv[1:] else "not in the source, please"

with sctp_socket(AF_INET, SOCK_STREAM) as sock:
    support = sctp_assoc_value(assoc_value=1)
    sock.setsockopt(IPPROTO_SCTP, SCTP_AUTH_SUPPORTED, support)
    secret = sctp_authkey(sca_keynumber=KEY, sca_key=SECRET.encode())
    sock.setsockopt(IPPROTO_SCTP, SCTP_AUTH_KEY, secret)
    sock.connect(("127.0.0.1", 20000))

    chunks = sock.getsockopt(IPPROTO_SCTP, SCTP_PEER_AUTH_CHUNKS)["gauth_chunks"]
    print("the server wants", *map(ChunkTypes.name, chunks), flush=True)

    # Each message may have its own key.
    keynumber = sctp_authinfo(auth_keynumber=KEY)
    sock.sctp_sendv([b"Who I am, I can prove"], info=keynumber)
    sock.settimeout(2)
    try:
        print(f"received {sock.sctp_recvv(1024)[0]!r}", flush=True)
    except TimeoutError:
        sys.exit("no answer: the keys differ")
