"""Echoes each message on stream 0 to the peer that sent it."""

from contextlib import suppress
from enum import IntEnum
from socket import AF_INET, MSG_EOR, SO_RCVBUF, SO_SNDBUF, SOCK_SEQPACKET, SOL_SOCKET

from sctp import *

LONGEST_MESSAGE = 2**17  # a longer message comes back in parts
PATIENCE = 2  # seconds for a peer to make room for its answer


class Streams(IntEnum):
    OUT = 0
    IN = 1


with sctp_socket(AF_INET, SOCK_SEQPACKET) as sock:
    for option in (SO_RCVBUF, SO_SNDBUF):
        sock.setsockopt(SOL_SOCKET, option, 4 * LONGEST_MESSAGE)
    # Pieces of a long message do not delay other messages, nor wait for them.
    sock.setsockopt(IPPROTO_SCTP, SCTP_FRAGMENT_INTERLEAVE, 1)
    # Pieces of a message that its sender abandons would stay in the shared buffer.
    no_pr = sctp_assoc_value(assoc_value=0)
    sock.setsockopt(IPPROTO_SCTP, SCTP_PR_SUPPORTED, no_pr)
    sock.setsockopt(IPPROTO_SCTP, SCTP_RECVRCVINFO, 1)
    for type in (SCTP_ASSOC_CHANGE, SCTP_PARTIAL_DELIVERY_EVENT):
        sock.setsockopt(IPPROTO_SCTP, SCTP_EVENT, sctp_event(se_type=type, se_on=1))
    sock.bind(("localhost", 20000))
    sock.listen()
    sock.settimeout(PATIENCE)
    print("listening on port 20000", flush=True)
    pieces: dict[int, bytes] = {}  # by association
    while True:
        try:
            data, _, info, _, flags = sock.sctp_recvv(LONGEST_MESSAGE)
        except TimeoutError:
            continue
        if flags & MSG_NOTIFICATION:  # the rest of a message will not arrive
            notif = parse_notification(data)
            pieces.pop(notif.get("sac_assoc_id") or notif["pdapi_assoc_id"], None)
            continue
        assoc_id = info["rcv_assoc_id"]
        message = pieces.pop(assoc_id, b"") + data
        if not flags & MSG_EOR and len(message) < LONGEST_MESSAGE:
            pieces[assoc_id] = message
            continue
        print(f"received {message!r} on stream {info['rcv_sid']}", flush=True)
        sndinfo = sctp_sndinfo(snd_sid=Streams.OUT, snd_assoc_id=assoc_id)
        try:
            sock.sctp_sendv([message], info=sndinfo)
        except OSError:
            # It is gone, or it does not read. All associations share the send buffer.
            sndinfo["snd_flags"] = SCTP_ABORT
            with suppress(OSError):
                sock.sctp_sendv([], info=sndinfo)
