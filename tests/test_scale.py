"""Many associations of one socket, and many threads."""

import gc
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import sctp
from sctp import IPPROTO_SCTP, sctp_sndinfo

sys.path.insert(0, str(Path(__file__).with_name("benchmarks")))

import scale

pytestmark = [
    pytest.mark.kernel,
    pytest.mark.linux,
]

FEW = 10
THREADS = 100
MOST_PEELED = 1_000


@pytest.fixture
def make_crowd(ipv4):
    """Makes one-to-many sockets with so many associations."""
    made = []

    def make(count):
        made.append(scale.Crowd(count, ipv4.address()))
        return made[-1]

    yield make
    for crowd in made:
        crowd.close()


@pytest.fixture
def crowd(make_crowd, pytestconfig):
    return make_crowd(pytestconfig.getoption("--associations"))


def echo_on_each(crowd):
    """Answers a message of each client; returns their associations."""
    assoc_ids = []
    for number, client in enumerate(crowd.clients):
        client.send(b"message %d" % number)
        assoc_ids.append(crowd.echo())
        assert client.recv(100) == b"message %d" % number
    return assoc_ids


def test_every_association_is_answered_and_takes_no_memory(crowd):
    assoc_ids = echo_on_each(crowd)
    assert len({*assoc_ids}) == len(crowd.clients)
    gc.collect()
    before = sys.getallocatedblocks()
    memory_before = scale.memory()
    for _ in range(3):
        assert echo_on_each(crowd) == assoc_ids
    gc.collect()
    # Nothing except the list of the last turn may have arrived.
    assert sys.getallocatedblocks() - before < len(assoc_ids) / 4 + 50
    assert scale.memory() - memory_before < 1024
    number = crowd.server.getsockopt(IPPROTO_SCTP, sctp.SCTP_GET_ASSOC_NUMBER)
    listed = crowd.server.getsockopt(IPPROTO_SCTP, sctp.SCTP_GET_ASSOC_ID_LIST)
    assert number == len(assoc_ids)
    assert sorted(listed) == sorted(assoc_ids)


def test_message_costs_as_much_with_many_associations_as_with_few(make_crowd, crowd):
    """Without the share of the kernel, which grows, and as exactly as a busy machine
    allows. benchmarks/scale.py measures better."""
    crowds = crowd, make_crowd(FEW)
    ways = [way for one in crowds for way in (one.echo, one.echo_plainly)]
    least = dict.fromkeys(ways, sys.maxsize)
    for turn in range(30):
        for way in ways:
            least[way] = min(least[way], way.__self__.measure(way, turn))
        many, few = (least[one.echo] / least[one.echo_plainly] for one in crowds)
        if turn >= 3 and many < 1.5 * few:
            break
    assert many < 1.5 * few


def test_peeloff_of_many_loses_nothing(crowd):
    """Some messages are in the queue of the old socket, and more arrive."""
    assoc_ids = echo_on_each(crowd)[:MOST_PEELED]
    clients = crowd.clients[:MOST_PEELED]
    scale.raise_limits(len(crowd.clients) + len(clients))
    for number, client in enumerate(clients):
        for part in range(3):
            client.send(b"%d of %d" % (part, number))
    peeled = []
    try:
        for number, (client, assoc_id) in enumerate(
            zip(clients, assoc_ids, strict=True)
        ):
            peeled.append(crowd.server.sctp_peeloff(assoc_id))
            client.send(b"3 of %d" % number)
        for number, sock in enumerate(peeled):
            for part in range(4):
                assert sock.sctp_recvv(100)[0] == b"%d of %d" % (part, number)
            sock.sctp_sendv([b"%d" % number])
        for number, client in enumerate(clients):
            assert client.recv(100) == b"%d" % number
    finally:
        for sock in peeled:
            sock.close()


def test_threads_have_associations_of_their_own(make_crowd):
    crowd = make_crowd(THREADS)
    assoc_ids = echo_on_each(crowd)
    socks = [crowd.server.sctp_peeloff(assoc_id) for assoc_id in assoc_ids]
    start = threading.Barrier(THREADS)

    def talk(number):
        client, sock = crowd.clients[number], socks[number]
        start.wait(60)
        for part in range(20):
            text = b"%d of %d" % (part, number)
            client.sctp_sendv([text], None, sctp_sndinfo(snd_ppid=part))
            data, _, info, _, _ = sock.sctp_recvv(100)
            assert (data, info["rcv_ppid"]) == (text, part)
            sock.sctp_sendv([data])
            assert client.sctp_recvv(100)[0] == text

    try:
        with ThreadPoolExecutor(THREADS) as pool:
            for talking in [pool.submit(talk, number) for number in range(THREADS)]:
                talking.result()
    finally:
        for sock in socks:
            sock.close()


def test_threads_send_and_receive_on_one_socket(make_crowd):
    """One thread receives messages while another one sends."""
    crowd = make_crowd(FEW)
    assoc_ids = echo_on_each(crowd)
    count = 200

    def receive(sock, total):
        return [sock.sctp_recvv(100)[0] for _ in range(total)]

    def send():
        for number in range(count):
            for assoc_id in assoc_ids:
                info = sctp_sndinfo(snd_assoc_id=assoc_id)
                crowd.server.sctp_sendv([b"down %d" % number], None, info)

    with ThreadPoolExecutor(2 + FEW) as pool:
        arriving = pool.submit(receive, crowd.server, FEW * count)
        sending = pool.submit(send)
        answers = [pool.submit(receive, client, count) for client in crowd.clients]
        for number in range(count):
            for client in crowd.clients:
                client.send(b"up %d" % number)
        sending.result()
        for answer in answers:
            assert answer.result() == [b"down %d" % number for number in range(count)]
        up = [b"up %d" % number for number in range(count)]
        assert sorted(arriving.result()) == sorted(up * FEW)
