"""Each interpreter of a process has its own modules."""

import os
import sys
import threading

import pytest

try:
    import _interpreters
except ImportError:
    import _xxsubinterpreters as _interpreters

# From Python 3.12 on, create() gives an interpreter its own GIL, and modules
# that do not declare to support that fail to load.
INTERPRETERS = 4
ROUNDS = 5

IMPORT = f"""
import sys

sys.path[:0] = {sys.path!r}
import _sctp.sctp, _sctp.sctp_event, _sctp.sctp_info
import sctp
"""

USE = (
    IMPORT
    + """
assert sctp.sockaddr_storage_to_ipaddr(
    sctp.ipaddr_to_sockaddr_storage(("::1", 2000, 0, 0))
) == ("::1", 2000, 0, 0)
sndinfo = sctp.sctp_sndinfo(snd_sid=3)
assert sctp.sctp_sendv_spa([sndinfo]).sndinfo is sndinfo
rtoinfo = sctp.sctp_rtoinfo(srto_max=60000)
assert type(rtoinfo.copy()) is sctp.sctp_rtoinfo and len(rtoinfo.to_bytes) == 16
dry = sctp.SCTP_SENDER_DRY_EVENT.to_bytes(2, sys.byteorder) + bytes(2)
dry += (12).to_bytes(4, sys.byteorder) + (7).to_bytes(4, sys.byteorder)
assert sctp.parse_notification(dry)["sender_dry_assoc_id"] == 7
try:
    sctp.sctp_socket(0, 0)
except sctp.SCTPError as error:
    assert isinstance(error, ValueError)
"""
)


class Interpreter:
    """An interpreter. Exceptions of its code are raised here, too."""

    def __enter__(self):
        self.id = _interpreters.create()
        return self

    def __exit__(self, *exception):
        _interpreters.destroy(self.id)

    def run(self, code):
        # Python 3.11 and 3.12 raise the exception. Later versions return it.
        failure = _interpreters.run_string(self.id, code)
        assert failure is None, failure.formatted


def use_repeatedly(start, failures):
    try:
        start.wait()
        for _ in range(ROUNDS):
            with Interpreter() as interpreter:
                interpreter.run(USE)
    except Exception as error:
        failures.append(error)


def test_modules_work_in_several_interpreters_at_once_and_repeatedly():
    start, failures = threading.Barrier(INTERPRETERS), []
    threads = [
        threading.Thread(target=use_repeatedly, args=(start, failures))
        for _ in range(INTERPRETERS)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


def test_modules_load_again_in_the_same_interpreter():
    forget = """
for name in list(sys.modules):
    if name.partition(".")[0] in ("_sctp", "sctp"):
        del sys.modules[name]
del sctp, _sctp
"""
    with Interpreter() as interpreter:
        for _ in range(ROUNDS):
            interpreter.run(USE + forget)


def test_interpreters_share_no_types():
    reader, writer = os.pipe()
    tell = f"""
import os

types = [sctp.SCTPError, sctp.sctp_sndinfo, sctp.sctp_rtoinfo, _sctp.sctp.sctp_socket]
os.write({writer}, ("".join(f"{{id(type)}} " for type in types)).encode())
"""
    with Interpreter() as one, Interpreter() as another:
        for interpreter in (one, another):
            interpreter.run(IMPORT + tell)
        os.close(writer)
        with open(reader) as file:
            ids = file.read().split()
    assert len(ids) == len(set(ids)) == 8


@pytest.mark.skipif(
    not hasattr(_interpreters, "get_config"), reason="Python 3.13 tells of its GILs"
)
def test_interpreters_have_their_own_gil():
    with Interpreter() as interpreter:
        interpreter.run(IMPORT)
        assert _interpreters.get_config(interpreter.id).gil == "own"
