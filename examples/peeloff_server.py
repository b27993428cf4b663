"""Accepts associations on one socket, and gives each a socket and a thread of
its own."""

import threading
from socket import AF_INET, SOCK_SEQPACKET

from sctp import *


def serve(sock: sctp_socket) -> None:
    with sock:
        while True:
            data, _, info, _, flags = sock.sctp_recvv(1024)
            if flags & MSG_NOTIFICATION or not data:
                break  # it has ended
            name = threading.current_thread().name
            print(f"{name} echoes {data!r} from stream {info['rcv_sid']}", flush=True)
            sock.sctp_sendv([data])


with sctp_socket(AF_INET, SOCK_SEQPACKET) as listener:
    event = sctp_event(se_type=SCTP_ASSOC_CHANGE, se_on=1)
    listener.setsockopt(IPPROTO_SCTP, SCTP_EVENT, event)
    listener.setsockopt(IPPROTO_SCTP, SCTP_RECVRCVINFO, 1)
    listener.bind(("127.0.0.1", 20000))
    listener.listen()
    print("listening on port 20000", flush=True)
    while True:
        data, _, _, _, flags = listener.sctp_recvv(1024)
        if not flags & MSG_NOTIFICATION:
            continue
        notif = parse_notification(data)
        if notif["sac_state"] == SCTP_COMM_UP:
            # What has arrived on the association already moves with it.
            peeled = listener.sctp_peeloff(notif["sac_assoc_id"])
            name = f"association {notif['sac_assoc_id']}"
            threading.Thread(target=serve, args=[peeled], name=name).start()
