"""Sends messages to the sink as fast as it reads them, and shows the progress."""

import sys
import time
from socket import AF_INET, SO_SNDBUF, SOCK_STREAM, SOL_SOCKET, htonl

from sctp import *

MESSAGES = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
SIZE, BATCH, STREAMS = 64, 64, 8
PPID = htonl(60)  # NGAP

with sctp_socket(AF_INET, SOCK_STREAM) as sock:
    sock.setsockopt(SOL_SOCKET, SO_SNDBUF, 2**20)
    sock.setsockopt(IPPROTO_SCTP, SCTP_NODELAY, 1)
    sock.setsockopt(
        IPPROTO_SCTP, SCTP_INITMSG, sctp_initmsg(sinit_num_ostreams=STREAMS)
    )
    sock.sctp_connectx([("127.0.0.1", 20000)])
    infos = [sctp_sndinfo(snd_sid=sid, snd_ppid=PPID) for sid in range(STREAMS)]
    messages = [([bytes(SIZE)], None, infos[i % STREAMS]) for i in range(BATCH)]
    sent = 0
    started = reported = time.monotonic()
    while sent < MESSAGES:
        # The socket blocks, so this sends the whole batch.
        sent += sock.sctp_sendv_many(messages[: MESSAGES - sent])
        if sent == MESSAGES or time.monotonic() - reported >= 0.5:
            reported = time.monotonic()
            rate = sent / (reported - started)
            print(f"sent {sent} of {MESSAGES}, {rate:,.0f} a second", flush=True)
