"""Another object replaces socket.socket when sctp is imported. Each test has its own
process, because a module is imported only once."""

import subprocess
import sys

import pytest

# gevent and eventlet have classes that hold a socket of _socket, or do not derive from
# it. Tests use mocks.
STAND_INS = {
    "class that holds a socket": """
class Stand:
    def __init__(self, *args, **kwargs):
        self.sock = _socket.socket(*args, **kwargs)

    def fileno(self):
        return self.sock.fileno()
""",
    "class with descriptors of the same kind": """
class Stand:
    __slots__ = ("family", "type")

    def fileno(self):
        return 0
""",
    "function": """
def Stand(*args, **kwargs):
    return real(*args, **kwargs)
""",
    "mock": "Stand = unittest.mock.MagicMock()",
    "nothing": "Stand = None",
}

REFUSED = """
import _socket, importlib, socket, sys, unittest.mock

real = socket.socket
{stand_in}
socket.socket = Stand
for name in "sctp", "_sctp.sctp", "sctp":
    try:
        importlib.import_module(name)
    except ImportError as error:
        print(error)
    assert name not in sys.modules
"""


@pytest.mark.parametrize("stand_in", STAND_INS)
def test_import_is_refused_where_sockets_are_none_of_the_system(stand_in):
    program = [sys.executable, "-c", REFUSED.format(stand_in=STAND_INS[stand_in])]
    done = subprocess.run(program, stdout=subprocess.PIPE, text=True, check=True)
    texts = done.stdout.splitlines()
    assert len(texts) == 3
    for text in texts:
        assert "socket.socket" in text
        assert "Stand" in text or "Mock" in text or "None" in text
        assert "import sctp before" in text
        assert "patch_all(socket=False)" in text


def test_import_before_a_replacement_is_good():
    program = """if 1:
        import socket, sctp
        base = socket.socket
        socket.socket = None
        import sctp, _sctp.sctp
        assert issubclass(sctp.sctp_socket, base)
    """
    subprocess.run([sys.executable, "-c", program], check=True)


USED = """
import _socket, os, socket
from contextlib import closing

class Stand({base}):
    def fileno(self):
        return 0  # never called

    def gettimeout(self):
        return None

socket.socket = Stand
from sctp import *

assert issubclass(sctp_socket, Stand)

def make(type):
    sock = sctp_socket(socket.AF_INET, type)
    sock.settimeout(10)
    return sock

listener = make(socket.SOCK_SEQPACKET)
listener.sctp_bindx([("10.1.0.1", 0), ("10.2.0.1", 0)], SCTP_BINDX_ADD_ADDR)
listener.listen()
listener.setsockopt(IPPROTO_SCTP, SCTP_RECVRCVINFO, 1)
client = make(socket.SOCK_STREAM)
client.sctp_connectx(listener.sctp_getladdrs())
client.sctp_sendv([b"one"], None, sctp_sndinfo(snd_sid=2))
data, _, info, _, _ = listener.sctp_recvv(10)
assert (data, info["rcv_sid"]) == (b"one", 2)
with closing(listener.sctp_peeloff(info["rcv_assoc_id"])) as peeled:
    assert type(peeled) is sctp_socket and peeled.sctp_type == "one-to-one"
    peeled.settimeout(10)
    client.send(b"three")
    assert peeled.sctp_recvv(10)[0] == b"three"
    peeled.shutdown(socket.SHUT_WR)
    assert client.recv(10) == b""

single = make(socket.SOCK_STREAM)
single.bind(("10.1.0.1", 0))
single.listen()
client = make(socket.SOCK_STREAM)
client.connect(single.getsockname())
with closing(single.accept()[0]) as accepted:
    assert type(accepted) is sctp_socket
    descriptor = os.dup(_socket.socket.fileno(accepted))
    with closing(sctp_socket(fileno=descriptor)) as again:
        assert (again.family, again.type) == (socket.AF_INET, socket.SOCK_STREAM)
    status = accepted.getsockopt(IPPROTO_SCTP, SCTP_STATUS)
    assert status["sstat_state"] == SCTP_ESTABLISHED
    client.settimeout(0.01)
    try:
        client.sctp_recvv(10)
    except TimeoutError:
        print("good")
"""


@pytest.mark.kernel
@pytest.mark.parametrize("base", ["_socket.socket", "socket.socket"])
def test_class_derived_from_that_of_the_system_is_a_good_base(base):
    """Whatever the class overrides, all calls use the methods of the standard
    socket."""
    program = [sys.executable, "-c", USED.format(base=base)]
    done = subprocess.run(program, stdout=subprocess.PIPE, check=True, timeout=60)
    assert done.stdout == b"good\n"
