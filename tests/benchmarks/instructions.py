"""Count the instructions that a message and a round trip take: runs in the guest.

Starts the contestants one after the other, several times, and prints what they
took as JSON. There a nanosecond is an instruction.
"""

import json
import os
import subprocess
import sys

from contestants import CASES, CONTESTANTS

MESSAGES, ROUNDS, RUNS = 200, 10, 3


def run(contestant):
    """The cost of each case, by its name."""
    arguments = (MESSAGES, ROUNDS, *CASES)
    counts = {}
    with subprocess.Popen(
        contestant.command(sys.executable, *arguments),
        env={**os.environ, "PYTHONHASHSEED": "0"},
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        for line in process.stdout:
            case, count = line.split()
            counts[case] = float(count)
            print(f"  {case:18} {float(count):8.0f}", file=sys.stderr, flush=True)
    if process.returncode:
        raise SystemExit(f"{contestant.label} failed")
    return counts


def main():
    counts = {}
    there = [one for one in CONTESTANTS if not one.is_missing()]
    print("to warm the kernel up, uncounted:", file=sys.stderr, flush=True)
    run(there[0])
    for number in range(RUNS):
        for place, contestant in enumerate(there, 1):
            print(
                f"run {number + 1} of {RUNS}, {place} of {len(there)}:"
                f" {contestant.label}",
                file=sys.stderr,
                flush=True,
            )
            for case, count in run(contestant).items():
                counts.setdefault(contestant.key, {}).setdefault(case, []).append(count)
    json.dump({"kernel": os.uname().release, "counts": counts}, sys.stdout)


if __name__ == "__main__":
    main()
