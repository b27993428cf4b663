"""Uses the sockets where Python expects any socket, and tests the inherited methods."""

import asyncio
import errno
import multiprocessing
import multiprocessing.resource_sharer
import os
import selectors
import socketserver
import struct
import threading
from concurrent.futures import ThreadPoolExecutor
from socket import MSG_EOR, SHUT_WR, SOCK_SEQPACKET, SOCK_STREAM

import pytest

import sctp
from sctp import IPPROTO_SCTP, sctp_socket

pytestmark = pytest.mark.kernel


@pytest.fixture
def make_clients(make_socket, network):
    """Connects so many one-to-one sockets."""

    def make(address, count):
        clients = [make_socket(network.family, SOCK_STREAM) for _ in range(count)]
        for client in clients:
            client.connect(address)
        return clients

    return make


def test_with_closes(make_pair):
    client, server = make_pair()
    with server as sock:
        assert sock is server
    assert server.fileno() == -1
    assert client.recv(8) == b""


def test_selectors_serve_many_sockets_in_one_thread(
    make_listener, make_socket, make_clients
):
    one = make_listener(SOCK_STREAM, timeout=0)
    many = make_listener(SOCK_SEQPACKET, timeout=0)
    clients = make_clients(one.getsockname(), 3) + make_clients(many.getsockname(), 3)
    for i, client in enumerate(clients):
        client.send(b"%d" % i)
    accepted = []
    with selectors.DefaultSelector() as selector:
        selector.register(one, selectors.EVENT_READ)
        selector.register(many, selectors.EVENT_READ)
        for client in clients:
            selector.register(client, selectors.EVENT_READ)
        answers = {}
        while len(answers) < len(clients):
            ready = selector.select(10)
            assert ready, "nothing happened for 10 s"
            for key, _ in ready:
                sock = key.fileobj
                if sock in clients:
                    answers[clients.index(sock)] = sock.recv(8)
                elif sock is one:
                    accepted.append(sock.accept()[0])
                    selector.register(accepted[-1], selectors.EVENT_READ)
                else:
                    data, address, _, _, _ = sock.sctp_recvv(8)
                    sock.sctp_sendv([b"<", data, b">"], [address])
    for sock in accepted:
        sock.close()
    assert answers == {i: b"<%d>" % i for i in range(len(clients))}


class Server(socketserver.ThreadingTCPServer):
    def __init__(self, address, handler, family):
        super().__init__(address, handler, bind_and_activate=False)
        self.socket.close()
        self.socket = sctp_socket(family, self.socket_type)
        self.server_bind()
        self.server_activate()


class Handler(socketserver.StreamRequestHandler):
    def handle(self):
        for line in self.rfile:
            self.wfile.write(line.upper())


def test_socketserver(network, make_clients):
    with Server(network.address(), Handler, network.family) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            clients = make_clients(server.server_address, 3)
            for client in clients:
                client.sendall(b"first line\nsecond")
                client.sendall(b" line\n")
            for client in clients:
                assert client.recv(32) == b"FIRST LINE\n"
                assert client.recv(32) == b"SECOND LINE\n"
                client.shutdown(SHUT_WR)
        finally:
            server.shutdown()
            thread.join()


def test_asyncio(make_listener, make_socket, network):
    listener = make_listener(SOCK_STREAM, timeout=0)

    async def serve():
        loop = asyncio.get_running_loop()
        for _ in range(3):
            sock, _ = await loop.sock_accept(listener)
            assert isinstance(sock, sctp_socket)
            with sock:
                data = await loop.sock_recv(sock, 100_000)
                await loop.sock_sendall(sock, data.upper())
                assert await loop.sock_recv(sock, 8) == b""

    async def ask(number):
        loop = asyncio.get_running_loop()
        with sctp_socket(network.family, SOCK_STREAM) as sock:
            sock.setblocking(False)
            await loop.sock_connect(sock, listener.getsockname())
            await loop.sock_sendall(sock, b"question %d" % number)
            return await loop.sock_recv(sock, 32)

    async def run():
        return await asyncio.gather(serve(), *map(ask, range(3)))

    answers = asyncio.run(asyncio.wait_for(run(), 20))[1:]
    assert answers == [b"QUESTION %d" % number for number in range(3)]


def test_threads_share_a_socket(make_listener, make_clients):
    """Several threads answer several clients over one one-to-many socket."""
    server = make_listener(SOCK_SEQPACKET)
    clients = make_clients(server.getsockname(), 4)

    def serve():
        while True:
            data, _, info, _, _ = server.sctp_recvv(32)
            if data == b"stop":
                return
            to = sctp.sctp_sndinfo(snd_assoc_id=info["rcv_assoc_id"])
            server.sctp_sendv([data.upper()], None, to)

    def ask(client):
        for i in range(25):
            client.sctp_sendv([b"%d of " % i, b"client"])
            assert client.sctp_recvv(32)[0] == b"%d OF CLIENT" % i

    with ThreadPoolExecutor(8) as pool:
        servers = [pool.submit(serve) for _ in range(3)]
        try:
            for asking in [pool.submit(ask, client) for client in clients]:
                asking.result()
        finally:
            for _ in servers:
                clients[0].send(b"stop")
        for serving in servers:
            serving.result()


def answer(source):
    """Runs in a child process. It answers on source, or on the socket that it
    receives through source."""
    sock = source if isinstance(source, sctp_socket) else source.recv()
    with sock:
        sock.settimeout(10)
        data = sock.sctp_recvv(32)[0]
        sock.sctp_sendv([data, f" {os.getpid()} {sock.sctp_type}".encode()])


@pytest.fixture
def stop_sharing():
    """Ends the thread that hands out descriptors."""
    yield
    multiprocessing.resource_sharer.stop(10)


@pytest.mark.parametrize("method", ["fork", "spawn"])
@pytest.mark.parametrize("way", ["argument", "message"])
@pytest.mark.parametrize("how", ["accept", "peeloff"])
def test_multiprocessing(make_ready, how, way, method, stop_sharing):
    context = multiprocessing.get_context(method)
    receiving, sending = context.Pipe(duplex=False)
    _, get, peer = make_ready(how)
    with get() as sock, receiving, sending:
        source = sock if way == "argument" else receiving
        child = context.Process(target=answer, args=(source,), daemon=True)
        child.start()
        if way == "message":
            sending.send(sock)
        peer.send(b"to")
        assert peer.recv(64) == b"to %d one-to-one" % child.pid
    child.join(10)
    assert child.exitcode == 0


# Methods of socket.socket


def test_bind_connect_and_names(make_socket, network):
    server = make_socket(network.family, SOCK_STREAM)
    server.bind(network.address())
    port = server.getsockname()[1]
    assert port != 0
    assert server.getsockname() == network.address(port=port)
    server.listen()
    client = make_socket(network.family, SOCK_STREAM)
    client.bind(network.address(host=2))
    client.connect(server.getsockname())
    assert client.getpeername() == server.getsockname()
    sock, address = server.accept()
    with sock:
        assert sock.getpeername() == address == client.getsockname()
        assert sock.getsockname() == client.getpeername()


def test_sending_and_receiving(make_pair):
    """All of them keep the boundaries of messages."""
    client, server = make_pair()
    assert client.send(b"send") == 4
    assert client.sendall(b"sendall") is None
    assert client.sendmsg([b"send", bytearray(b"msg")]) == 7
    assert client.send(memoryview(b"view")) == 4
    assert client.sctp_sendv([b"sendv"]) == 5
    assert server.recv(32) == b"send"
    buffer = bytearray(32)
    assert server.recv_into(buffer) == 7
    assert buffer[:7] == b"sendall"
    data, _, flags, _ = server.recvmsg(32)
    assert data == b"sendmsg"
    assert flags & MSG_EOR
    assert server.recvmsg_into([buffer])[0] == 4
    assert server.recv(32) == b"sendv"


def test_one_to_many_sends_to_and_receives_from(make_listener, make_socket, network):
    server = make_listener(SOCK_SEQPACKET)
    client = make_socket(network.family, SOCK_SEQPACKET)
    client.bind(network.address(host=2))
    assert client.sendto(b"question", server.getsockname()) == 8
    data, address = server.recvfrom(32)
    assert (data, address) == (b"question", client.getsockname())
    assert server.sendmsg([b"ans", b"wer"], [], 0, address) == 6
    buffer = bytearray(32)
    assert client.recvfrom_into(buffer) == (6, server.getsockname())
    assert buffer[:6] == b"answer"


def test_files_of_sockets(make_pair):
    client, server = make_pair()
    with client.makefile("w") as writing, server.makefile("r") as reading:
        print("a line\nand another", file=writing, flush=True)
        assert [reading.readline() for _ in range(2)] == [
            "a line\n",
            "and another\n",
        ]
        client.shutdown(SHUT_WR)
        assert reading.read() == ""


@pytest.mark.parametrize("type", [SOCK_STREAM, SOCK_SEQPACKET])
def test_first_message_sets_up_streams_by_sendmsg(
    make_listener, make_socket, network, type
):
    """RFC 6458, 5.3.1: SCTP_INIT travels with the message that sets up the
    association."""
    server = make_listener(SOCK_SEQPACKET)
    to = server.getsockname()
    # With a timeout it would first wait to be writable, which a one-to-one
    # socket without an association is not.
    client = make_socket(network.family, type, timeout=None)
    streams = struct.pack("=HHHH", 40, 0, 0, 0)
    init = (IPPROTO_SCTP, sctp.SCTP_INIT, streams)
    client.sendmsg([b"first"], [init], 0, to)
    client.sctp_sendv([b"last"], [to], sctp.sctp_sndinfo(snd_sid=39))
    with pytest.raises(OSError) as caught:
        client.sctp_sendv([b"none"], [to], sctp.sctp_sndinfo(snd_sid=40))
    assert caught.value.errno == errno.EINVAL
    for expected in (b"first", 0), (b"last", 39):
        data, _, info, _, _ = server.sctp_recvv(32)
        assert (data, info["rcv_sid"]) == expected
