"""The programs that are compared, the cases, and how to start each program."""

from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).parent
BUILT = HERE.parent.parent / "build" / "benchmarks"

SIZES = (64, 1024, 16384)
# The measurements of each mode: see exchange.py.
MODES = {"one-to-one": SIZES, "one-to-many": SIZES, "round-trip": SIZES[:1]}
CASES = [f"{mode}:{size}" for mode, sizes in MODES.items() for size in sizes]


class Contestant(NamedTuple):
    """python is the interpreter of the environment. For a program in C it is empty."""

    key: str
    label: str
    python: str
    program: tuple[str, ...]

    def command(self, python, *arguments):
        """The command that starts it. python is the interpreter of the environment
        that has this package."""
        interpreters = {"": [], "ours": [python]}
        start = interpreters.get(self.python, [f"{BUILT}/{self.python}/bin/python"])
        directory = HERE if self.python else BUILT
        program = [str(directory / self.program[0]), *self.program[1:]]
        return [*start, *program, *map(str, arguments)]

    def is_missing(self):
        return (
            self.python not in ("", "ours")
            and not (BUILT / self.python / "installed").exists()
        )


REFERENCE = "raw"
CONTESTANTS = [
    Contestant("raw", "C, sendmsg and recvmsg", "", ("exchange", "raw")),
    Contestant(
        "libsctp", "C, libsctp's sctp_sendv and sctp_recvv", "", ("exchange", "libsctp")
    ),
    Contestant("ours", "sctp", "ours", ("ours.py", "reused")),
    Contestant(
        "fresh", "sctp, a new sctp_sndinfo each time", "ours", ("ours.py", "fresh")
    ),
    Contestant("into", "sctp, sctp_recvv_into", "ours", ("ours.py", "into")),
    Contestant("stdlib", "socket and struct", "ours", ("stdlib.py",)),
    Contestant("pysctp", "PySCTP", "pysctp", ("pysctp.py",)),
    Contestant("py3-sctp", "py3-sctp", "py3-sctp", ("py3_sctp.py",)),
]
