"""The modules leave the GIL of a free-threaded build off, and need none."""

import subprocess
import sys
import sysconfig
import threading

import pytest

import sctp

free_threaded = pytest.mark.skipif(
    not sysconfig.get_config_var("Py_GIL_DISABLED"), reason="this Python has a GIL"
)

THREADS = 4
ROUNDS = 20000


@free_threaded
@pytest.mark.parametrize(
    "module", ["_sctp.sctp", "_sctp.sctp_info", "_sctp.sctp_event", "sctp"]
)
def test_import_leaves_the_gil_off(module):
    code = f"import sys, {module}; sys.exit(sys._is_gil_enabled())"
    # A module that needs the GIL is a RuntimeWarning, too.
    command = [sys.executable, "-W", "error", "-c", code]
    done = subprocess.run(command, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def in_threads(*functions):
    """Runs each function again and again in threads of its own, all at once."""
    start = threading.Barrier(THREADS * len(functions))
    failures = []

    def repeat(function):
        start.wait()
        try:
            for number in range(ROUNDS):
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
