"""Echoes messages whose sender knows the shared key, and refuses all others."""

from contextlib import suppress
from socket import AF_INET, MSG_EOR, SO_RCVBUF, SO_SNDBUF, SOCK_SEQPACKET, SOL_SOCKET

from sctp import *

KEY = 1
SECRET = b"not in the source, please"
LONGEST_MESSAGE = 2**17  # a longer message comes back in parts
PATIENCE = 2  # seconds for a peer to make room for its answer


def abort(sock: sctp_socket, assoc_id: int) -> None:
    info = sctp_sndinfo(snd_assoc_id=assoc_id, snd_flags=SCTP_ABORT)
    with suppress(OSError):  # it may have ended already
        sock.sctp_sendv([], info=info)


with sctp_socket(AF_INET, SOCK_SEQPACKET) as sock:
    for option in (SO_RCVBUF, SO_SNDBUF):
        sock.setsockopt(SOL_SOCKET, option, 4 * LONGEST_MESSAGE)
    for option, value in (
        (SCTP_AUTH_SUPPORTED, sctp_assoc_value(assoc_value=1)),
        (SCTP_AUTH_CHUNK, sctp_authchunk(sauth_chunk=ChunkTypes.DATA)),
        (SCTP_AUTH_KEY, sctp_authkey(sca_keynumber=KEY, sca_key=SECRET)),
        (SCTP_AUTH_ACTIVE_KEY, sctp_authkeyid(scact_keynumber=KEY)),
        # Key 0 is empty: a peer without a key could authenticate with it.
        (SCTP_AUTH_DELETE_KEY, sctp_authkeyid(scact_keynumber=0)),
        (SCTP_EVENT, sctp_event(se_type=SCTP_AUTHENTICATION_EVENT, se_on=1)),
        (SCTP_EVENT, sctp_event(se_type=SCTP_ASSOC_CHANGE, se_on=1)),
        (SCTP_PR_SUPPORTED, sctp_assoc_value(assoc_value=0)),
        (SCTP_FRAGMENT_INTERLEAVE, 1),
        (SCTP_RECVRCVINFO, 1),
    ):
        sock.setsockopt(IPPROTO_SCTP, option, value)
    sock.bind(("127.0.0.1", 20000))
    sock.listen()
    sock.settimeout(PATIENCE)
    print("listening on port 20000", flush=True)
    pieces: dict[int, bytes] = {}  # by association that authenticates
    while True:
        try:
            data, _, info, _, flags = sock.sctp_recvv(LONGEST_MESSAGE)
        except TimeoutError:
            continue
        if flags & MSG_NOTIFICATION:
            notif = parse_notification(data)
            assoc_id = notif.get("sac_assoc_id") or notif["auth_assoc_id"]
            if notif.get("sac_state") == SCTP_COMM_UP:
                pieces[assoc_id] = b""
            elif pieces.pop(assoc_id, None) is not None:
                # It has ended, or a stranger may have restarted it, or its peer does
                # not authenticate: Linux accepts such peers.
                abort(sock, assoc_id)
        elif (assoc_id := info["rcv_assoc_id"]) in pieces:
            message = pieces[assoc_id] + data
            if not flags & MSG_EOR and len(message) < LONGEST_MESSAGE:
                pieces[assoc_id] = message
                continue
            pieces[assoc_id] = b""
            print(f"received {message!r}", flush=True)
            try:
                sock.sctp_sendv([message], info=sctp_sndinfo(snd_assoc_id=assoc_id))
            except OSError:  # it is gone, or it does not read
                abort(sock, assoc_id)
