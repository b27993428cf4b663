"""The modules leave the GIL of a free-threaded build off, and do not need it."""

import errno
import os
import subprocess
import sys
import sysconfig
import threading
from concurrent.futures import ThreadPoolExecutor
from socket import AF_INET

import pytest

import sctp
from sctp import IPPROTO_SCTP, SCTP_RTOINFO

free_threaded = pytest.mark.skipif(
    not sysconfig.get_config_var("Py_GIL_DISABLED"), reason="this Python has a GIL"
)

only_ipv4 = pytest.mark.parametrize("network", [AF_INET], ids=["ipv4"], indirect=True)

THREADS = 4
ROUNDS = 20000


@free_threaded
@pytest.mark.parametrize(
    "module", ["_sctp.sctp", "_sctp.sctp_info", "_sctp.sctp_event", "sctp"]
)
def test_import_leaves_the_gil_off(module):
    code = f"import sys, {module}; sys.exit(sys._is_gil_enabled())"
    # If a module needs the GIL, Python also warns with RuntimeWarning.
    command = [sys.executable, "-W", "error", "-c", code]
    done = subprocess.run(command, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def in_threads(*functions, rounds=ROUNDS):
    """Runs each function again and again, each in its own thread, at the same time."""
    start = threading.Barrier(THREADS * len(functions))
    failures = []

    def repeat(function):
        start.wait()
        try:
            for number in range(rounds):
                function(number)
        except Exception as error:
            failures.append(error)

    threads = [
        threading.Thread(target=repeat, args=(function,))
        for function in functions
        for _ in range(THREADS)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


def test_threads_share_a_dict():
    shared = sctp.sctp_rcvinfo()

    def write(number):
        shared["rcv_sid"] = number
        shared["rcv_tsn"] = number

    def read(_):
        assert shared.copy().keys() == shared.keys()
        assert 0 <= shared["rcv_sid"] < ROUNDS

    in_threads(write, read)
    assert shared["rcv_sid"] == shared["rcv_tsn"] == ROUNDS - 1


def test_threads_share_an_option():
    shared = sctp.sctp_rtoinfo()

    def write(number):
        shared.set_value("srto_max", number)

    def read(_):
        assert len(shared.to_bytes) == sctp.SCTP_RTOINFO_CSIZE

    in_threads(write, read)


def test_threads_share_a_holder_of_infos():
    shared = sctp.sctp_sendv_spa()

    def write(number):
        shared.prinfo = sctp.sctp_prinfo(pr_value=number) if number % 2 else None

    def read(_):
        prinfo = shared.prinfo
        assert prinfo is None or prinfo["pr_value"] % 2
        assert repr(shared).startswith("{'sndinfo': None")

    in_threads(write, read)


def test_threads_parse_at_once():
    address = ("fd00::1", 2000, 0, 0)
    storage = sctp.ipaddr_to_sockaddr_storage(address)
    order = sys.byteorder
    notification = b"".join(
        [
            sctp.SCTP_SHUTDOWN_EVENT.to_bytes(2, order),
            bytes(2),
            (12).to_bytes(4, order),
            (5).to_bytes(4, order),
        ]
    )

    def parse(_):
        assert sctp.parse_notification(notification)["sse_assoc_id"] == 5

    def convert(_):
        assert sctp.sockaddr_storage_to_ipaddr(storage) == address
        assert sctp.ipaddr_to_sockaddr_storage(address) == storage

    in_threads(parse, convert)


@pytest.mark.kernel
@only_ipv4
def test_threads_share_a_socket_and_all_they_give_it(make_many):
    """One thread writes into infos and options that other threads are using."""
    client, assoc_id, server = make_many()
    client.settimeout(30)
    server.settimeout(30)
    rounds = 500
    sndinfo = sctp.sctp_sndinfo(snd_assoc_id=assoc_id)
    spa = sctp.sctp_sendv_spa([sndinfo])
    option = sctp.sctp_rtoinfo(srto_assoc_id=assoc_id, srto_max=60_000)
    buffers = [b"mess", b"age"]
    streams = []

    def send(number):
        assert client.sctp_sendv(buffers, None, spa) == 7
        assert client.sctp_sendv([b"%d" % number], None, sndinfo)

    def write(number):
        sndinfo["snd_sid"] = number % 2
        spa.prinfo = sctp.sctp_prinfo(pr_value=number) if number % 2 else None
        spa.sndinfo = sndinfo
        option["srto_max"] = 50_000 + number

    def receive(_):
        for _ in range(2):
            data, _, info, _, _ = server.sctp_recvv(32)
            assert data == b"message" or 0 <= int(data) < rounds
            streams.append(info["rcv_sid"])

    def configure(_):
        client.setsockopt(IPPROTO_SCTP, SCTP_RTOINFO, option)
        found = client.getsockopt(IPPROTO_SCTP, SCTP_RTOINFO, option)
        assert found["srto_assoc_id"] == assoc_id
        assert 50_000 <= found["srto_max"] <= 60_000
        assert client.sctp_getpaddrs(assoc_id) == (server.getsockname(),)

    in_threads(send, write, receive, configure, rounds=rounds)
    assert len(streams) == 2 * THREADS * rounds
    assert set(streams) <= {0, 1}


@pytest.mark.kernel
@only_ipv4
@pytest.mark.parametrize("how", ["close", "detach"])
def test_threads_use_a_socket_until_one_closes_it(make_many, how):
    """No other file gets the descriptor before all threads have noticed the end."""
    client, assoc_id, _ = make_many()
    sndinfo = sctp.sctp_sndinfo(snd_assoc_id=assoc_id)
    option = sctp.sctp_rtoinfo(srto_assoc_id=assoc_id)
    calls = [
        lambda: client.sctp_sendv([b"message"], None, sndinfo),
        lambda: client.sctp_recvv(32),
        lambda: client.getsockopt(IPPROTO_SCTP, SCTP_RTOINFO, option),
        lambda: client.sctp_getladdrs(assoc_id),
    ]
    client.settimeout(0)
    running = threading.Barrier(len(calls) * THREADS + 1)

    def repeat(call):
        number = 0
        while True:
            number += 1
            if number == 50:
                running.wait(30)
            try:
                call()
            except BlockingIOError:
                pass
            except OSError as error:
                return error.errno

    with ThreadPoolExecutor(running.parties) as pool:
        found = [pool.submit(repeat, call) for call in calls for _ in range(THREADS)]
        running.wait(30)
        descriptor = getattr(client, how)()
        assert {future.result(30) for future in found} == {errno.EBADF}
    if descriptor is not None:
        os.close(descriptor)
