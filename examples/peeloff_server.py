"""Accepts associations on one socket, and gives each of them its own socket and
thread."""

import threading
from contextlib import suppress
from socket import AF_INET, MSG_EOR, SOCK_SEQPACKET

from sctp import *

LONGEST_MESSAGE = 2**17  # a longer message comes back in parts
PATIENCE = 60  # seconds for a peer to send something, or to take its answer


def echo(sock: sctp_socket) -> None:
    name = threading.current_thread().name
    message = b""
    while True:
        data, _, info, _, flags = sock.sctp_recvv(LONGEST_MESSAGE)
        if flags & MSG_NOTIFICATION or not data:
            break  # it has ended
        message += data
        if flags & MSG_EOR or len(message) >= LONGEST_MESSAGE:
            sid = info["rcv_sid"]
            print(f"{name} echoes {message!r} from stream {sid}", flush=True)
            sock.sctp_sendv([message])
            message = b""


def serve(sock: sctp_socket) -> None:
    with sock:
        try:
            sock.settimeout(PATIENCE)
            echo(sock)
        except OSError as error:  # this peer only
            print(f"{threading.current_thread().name}: {error}", flush=True)


with sctp_socket(AF_INET, SOCK_SEQPACKET) as listener:
    event = sctp_event(se_type=SCTP_ASSOC_CHANGE, se_on=1)
    listener.setsockopt(IPPROTO_SCTP, SCTP_EVENT, event)
    listener.setsockopt(IPPROTO_SCTP, SCTP_FRAGMENT_INTERLEAVE, 1)
    listener.setsockopt(IPPROTO_SCTP, SCTP_RECVRCVINFO, 1)
    # No sender may give up a message in the middle: the next would be joined to it.
    no_pr = sctp_assoc_value(assoc_value=0)
    listener.setsockopt(IPPROTO_SCTP, SCTP_PR_SUPPORTED, no_pr)
    listener.bind(("127.0.0.1", 20000))
    listener.listen()
    print("listening on port 20000", flush=True)
    while True:
        # Large enough for any notification: the reason of an ABORT may be long.
        data, _, _, _, flags = listener.sctp_recvv(2**17)
        if not flags & MSG_NOTIFICATION:
            continue
        notif = parse_notification(data)
        if notif["sac_state"] == SCTP_COMM_UP:
            try:
                # Messages that have arrived on the association move with it.
                peeled = listener.sctp_peeloff(notif["sac_assoc_id"])
            except OSError:  # it has ended already, or there is no descriptor left
                abort = sctp_sndinfo(
                    snd_assoc_id=notif["sac_assoc_id"], snd_flags=SCTP_ABORT
                )
                with suppress(OSError):
                    listener.sctp_sendv([], info=abort)
                continue
            name = f"association {notif['sac_assoc_id']}"
            threading.Thread(target=serve, args=[peeled], name=name).start()
