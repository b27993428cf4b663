"""Instructions that parse_notification() takes for each golden notification.

Counted by valgrind: what a longer loop in Python takes more than a shorter one,
the call and the end of the dict included. Arguments choose notifications.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

import golden_notifications as golden

import _sctp

SHORT, LONG = 1000, 5000
VALGRIND = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={os.devnull}"]
LOOP = """
import sys
from _sctp.sctp_event import parse_notification

def run(parse, data, times):
    for _ in range(times):
        parse(data)

run(parse_notification, bytes.fromhex(sys.argv[1]), int(sys.argv[2]))
"""


def count_instructions(data, times):
    """Of a process that parses so many times; all of them hash in the same way."""
    path = str(Path(_sctp.__file__).parent.parent)
    done = subprocess.run(
        [*VALGRIND, sys.executable, "-PS", "-c", LOOP, data.hex(), str(times)],
        env={**os.environ, "PYTHONPATH": path, "PYTHONHASHSEED": "0"},
        capture_output=True,
        text=True,
        check=True,
    )
    return int(re.search(r"Collected : (\d+)", done.stderr)[1])


def main():
    records = golden.load()[golden.SYSTEM]
    for name in sys.argv[1:] or records:
        short, long = (count_instructions(records[name], n) for n in (SHORT, LONG))
        print(f"{(long - short) / (LONG - SHORT):8.0f}  {name}", flush=True)


if __name__ == "__main__":
    main()
