"""What type checkers know about the API. mypy checks this file; nobody runs it. Each
ignored error is one that a checker must find: mypy also reports an ignore without an
error."""

from socket import AF_INET, SOCK_SEQPACKET, SOCK_STREAM, socket
from typing import Any, Literal, assert_type

import _sctp
import sctp
import sctp.asyncio
import sctp.sync
from sctp import *
from sctp import pysctp
from sctp.asyncio import Association, Server, connect, serve

Address = tuple[str, int] | tuple[str, int, int, int]


def sockets() -> None:
    sock = sctp_socket(AF_INET, SOCK_SEQPACKET)
    assert_type(sock.sctp_type, Literal["one-to-one", "one-to-many"])
    assert_type(sctp_socket(fileno=3), sctp_socket)
    assert_type(sock.accept()[0], sctp_socket)
    assert_type(sock.sctp_peeloff(1), sctp_socket)
    sctp_socket()  # type: ignore[call-overload]
    sock.sctp_type = "one-to-one"  # type: ignore[misc]


def derived_sockets() -> None:
    class Socket(sctp.sctp_socket):
        pass

    sock = Socket(AF_INET, SOCK_STREAM)
    assert_type(sock.accept()[0], Socket)
    assert_type(sock.sctp_peeloff(1), Socket)


def addresses(sock: sctp_socket) -> None:
    sock.sctp_bindx([("127.0.0.1", 0), ("::1", 0, 0, 0)], SCTP_BINDX_ADD_ADDR)
    sock.sctp_bindx([("localhost", "discard")], SCTP_BINDX_ADD_ADDR)
    sock.sctp_bindx([("localhost",)], SCTP_BINDX_ADD_ADDR)  # type: ignore[list-item]
    assert_type(sock.sctp_getladdrs(), tuple[Address, ...] | None)
    assert_type(sock.sctp_connectx([("localhost", 9)], assoc_id=True), int)
    assert_type(sockaddr_storage_to_ipaddr(b""), Address)


def messages(sock: sctp_socket) -> None:
    info = sctp_sndinfo(snd_sid=1)
    assert_type(info["snd_sid"], int)
    info["snd_ssn"]  # type: ignore[index]
    sctp_sndinfo(snd_ssn=1)  # type: ignore[call-arg]
    spa = sctp_sendv_spa([info, sctp_prinfo()])
    assert_type(spa.prinfo, sctp_prinfo | None)
    assert_type(sock.sctp_sendv([b"a", bytearray(1)], info=spa), int)
    sock.sctp_sendv([b""], info=sctp_rcvinfo())  # type: ignore[arg-type]
    sock.sctp_sendv(["text"])  # type: ignore[list-item]
    data, _, received, infotype, flags = sock.sctp_recvv(1)
    assert_type(data, bytes)
    assert_type(infotype, int)
    assert_type(flags, int)
    assert_type(sock.sctp_recvv_into([bytearray(1)])[0], int)
    received["rcv_ssid"]  # type: ignore[index]
    sock.sctp_recvv_into([bytearray(1)])[2]["rcv_ssid"]  # type: ignore[index]
    sock.sctp_recvv_many(1, 2)[0][2]["rcv_ssid"]  # type: ignore[index]
    int(received["rcv_sid"] + received["nxt_length"])
    received.nxtinfo["nxt_len"]  # type: ignore[index]
    int(received.rcvinfo["rcv_sid"] + received.nxtinfo["nxt_length"])
    if isinstance(received, sctp_rcvinfo):
        assert_type(received, sctp_rcvinfo)
    elif isinstance(received, sctp_recvv_rn):
        assert_type(received, sctp_recvv_rn)
    to = [("localhost", 9)]
    assert_type(sock.sctp_sendv_many([([b"a"],), ([b"b"], to, info)]), int)
    sock.sctp_sendv_many([([b"a"], to)] * 2)
    sock.sctp_sendv_many([b"a"])  # type: ignore[list-item]
    assert_type(sock.sctp_recvv_many(1, 2)[0][0], bytes)


def options(sock: sctp_socket) -> None:
    named = sock.sctp_opt_info(id=1, optname=SCTP_STATUS, optval=sctp_status())
    assert_type(named, sctp_status)
    assert_type(sock.sctp_opt_info(SCTP_STATUS, sctp_status(), id=1), sctp_status)
    status = sock.sctp_opt_info(1, SCTP_STATUS, sctp_status())
    assert_type(status, sctp_status)
    assert_type(status["sstat_rwnd"], int)
    assert_type(status["sstat_primary"], sctp_paddrinfo)
    assert_type(status["sstat_primary"]["spinfo_address"], Address | Any)
    assert_type(status.copy(), sctp_status)
    assert_type(status.to_bytes, bytes)
    assert_type(sctp_status.size, int)
    timeouts = sock.getsockopt(IPPROTO_SCTP, SCTP_RTOINFO, sctp_rtoinfo())
    assert_type(timeouts["srto_max"], int)
    timeouts["srto_maximum"] = 1  # type: ignore[index]
    timeouts["srto_max"] = "1"  # type: ignore[assignment]
    sctp_rtoinfo(srto_maximum=1)  # type: ignore[call-arg]
    sctp_setprim(ssp_addr=("10.1.0.1", 9))
    sctp_setprim(ssp_addr="10.1.0.1")  # type: ignore[arg-type]
    assert_type(sctp_authkey(sca_key=b"x")["sca_key"], bytes | None)
    assert_type(sctp_reset_streams()["srs_stream_list"], tuple[int, ...])
    sock.setsockopt(IPPROTO_SCTP, SCTP_RTOINFO, timeouts)
    sock.setsockopt(IPPROTO_SCTP, SCTP_NODELAY, True)
    sock.setsockopt(IPPROTO_SCTP, SCTP_HMAC_IDENT, (SCTP_AUTH_HMAC_ID_SHA1,))
    sock.setsockopt(IPPROTO_SCTP, SCTP_RTOINFO, "1")  # type: ignore[call-overload]


def notifications(data: bytes) -> None:
    notif = parse_notification(data)
    assert_type(notif["sac_state"], int)
    assert_type(notif["spc_aaddr"], Address)
    assert_type(notif["ssfe_data"], bytes)
    assert_type(notif["ssfe_info"], sctp_sndinfo)
    assert_type(notif["strreset_stream_list"], tuple[int, ...])
    notif["sac_sate"]  # type: ignore[call-overload]
    notif.get("sac_sate")  # type: ignore[arg-type]
    assert_type(notif, Notification)
    any_dict: dict[str, Any] = notif
    assert_type(any_dict, dict[str, Any])
    assert_type(dict(notif), dict[str, Any])
    "{sac_state}".format(**notif)
    assert_type(describe_notification(notif), str)
    assert_type(error_causes(notif), tuple[tuple[ErrorCause | int, bytes], ...])
    assert_type(AssocChangeState(0), AssocChangeState)
    AssocChangeState.COMM_DOWN  # type: ignore[attr-defined]
    assert_type(ChunkTypes.name(1), str)


async def associations() -> None:
    async def handle(association: Association) -> None:
        async for message in association:
            assert_type(message, sctp.asyncio.Message)
            await message.association.send(message.data, ppid=PayloadProtocol.NGAP)

    async with await serve(handle, "127.0.0.1", max_associations=5) as server:
        assert_type(server, Server)
        assert_type(server.addresses, tuple[Address, ...])
        assert_type(server.associations, tuple[Association, ...])
        association = await connect(
            server.addresses,
            options={SCTP_NODELAY: 0, (1, 7): 1 << 20},
            streams=(5, 5),
            events=[NotificationType.SENDER_DRY_EVENT],
        )
    assert_type(association, Association)
    message = await association.receive()
    assert_type(message.data, bytes)
    assert_type(message.address, Address)
    assert_type(message.association, Association)
    assert_type(message.rcvinfo, sctp_rcvinfo)
    assert_type(message.rcvinfo["rcv_tsn"], int)
    assert_type(association.status(), sctp_status)
    async for notification in association.notifications():
        assert_type(notification, sctp.Notification)
        assert_type(notification["spc_state"], int)
        notification["spc_sate"]  # type: ignore[call-overload]
        describe_notification(notification)
    for thread_notification in sctp.sync.connect("127.0.0.1:5").notifications():
        assert_type(thread_notification, sctp.Notification)
    await association.send_many([b"x", (b"y", {"stream": 1})])
    await association.send("text")  # type: ignore[arg-type]
    await connect("127.0.0.1:5", stream=5)  # type: ignore[call-arg]
    assert_type(parse_addresses("127.0.0.1:5")[0][0], str)


async def connect_with(options: dict[int, int], pairs: list[tuple[int, int]]) -> None:
    await connect("127.0.0.1:5", options=options)
    await connect("127.0.0.1:5", options=tuple(pairs))
    assert_type(PayloadProtocol.DIAMETER.network, int)
    assert_type(PayloadProtocol.from_network(5), PayloadProtocol | int)


def old_programs() -> None:
    sock = pysctp.sctpsocket_tcp(AF_INET)
    assert_type(sock.accept()[0], pysctp.sctpsocket_tcp)
    assert_type(sock.sctp_send("text", ppid=60, flags=pysctp.MSG_UNORDERED), int)
    assert_type(sock.sctp_recv(100)[2], bytes | None)
    assert_type(sock.get_status().primary, pysctp.paddrinfo)
    assert_type(sock.sock(), sctp_socket | Any)
    sock.sock().setsockopt(IPPROTO_SCTP, SCTP_INITMSG, sctp_initmsg())
    sock._sk.setsocktop()  # type: ignore[union-attr]
    assert_type(sock.events, pysctp.event_subscribe)
    sock.events.data_io = True
    sock.sctp_send(b"data", ppid="60")  # type: ignore[arg-type]
    # Names of the module socket. Here the name socket is that module.
    assert_type(pysctp.htonl(60), int)
    assert_type(pysctp.SOL_SOCKET, int)
    assert_type(pysctp.socket.socket(pysctp.AF_INET), socket)
    # The packages have these names at run time only. For a checker they stay errors.
    sctp.sctpsocket_tcp  # type: ignore[attr-defined]
    sctp.sctpsocket_tpc  # type: ignore[attr-defined]
    _sctp.getconstant  # type: ignore[attr-defined]
