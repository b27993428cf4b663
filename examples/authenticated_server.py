"""Echoes messages whose sender knows the shared key; the kernel drops others
before they get here."""

from socket import AF_INET, SOCK_SEQPACKET

from sctp import *

KEY = 1

with sctp_socket(AF_INET, SOCK_SEQPACKET) as sock:
    # All of it before listening: the peer learns it when it connects.
    support = sctp_assoc_value(assoc_value=1)
    sock.setsockopt(IPPROTO_SCTP, SCTP_AUTH_SUPPORTED, support)
    data_chunks = sctp_authchunk(sauth_chunk=ChunkTypes.DATA)
    sock.setsockopt(IPPROTO_SCTP, SCTP_AUTH_CHUNK, data_chunks)
    secret = sctp_authkey(sca_keynumber=KEY, sca_key=b"not in the source, please")
    sock.setsockopt(IPPROTO_SCTP, SCTP_AUTH_KEY, secret)
    active = sctp_authkeyid(scact_keynumber=KEY)
    sock.setsockopt(IPPROTO_SCTP, SCTP_AUTH_ACTIVE_KEY, active)
    sock.setsockopt(IPPROTO_SCTP, SCTP_RECVRCVINFO, 1)

    sock.bind(("127.0.0.1", 20000))
    sock.listen()
    print("listening on port 20000", flush=True)
    while True:
        data, _, info, _, _ = sock.sctp_recvv(1024)
        print(f"received {data!r}", flush=True)
        assoc_id = info["rcv_assoc_id"]
        sock.sctp_sendv([data], info=sctp_sndinfo(snd_assoc_id=assoc_id))
