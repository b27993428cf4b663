"""Count the system calls that a message takes, or a round trip, by strace.

What a longer run makes more than a shorter one, of each call.
"""

import re
import subprocess
import sys
import tempfile
from collections import Counter

from contestants import CONTESTANTS, MODES

SHORT, LONG, SIZE = 50, 150, 64


def count(contestant, messages, mode):
    """How often a contestant makes each call, by name."""
    with tempfile.NamedTemporaryFile("r") as trace:
        command = contestant.command(sys.executable, messages, 1, f"{mode}:{SIZE}")
        subprocess.run(
            ["strace", "-f", "-c", "-U", "calls,name", "-o", trace.name, *command],
            stdout=subprocess.DEVNULL,
            check=True,
        )
        rows = re.findall(r"^ *(\d+) (\w+)$", trace.read(), re.MULTILINE)
    return Counter({name: int(calls) for calls, name in rows if name != "total"})


def main():
    print("System calls per message, send and receive, and per round trip:\n")
    for contestant in CONTESTANTS:
        if contestant.is_missing():
            print(f"{contestant.label}: not installed", flush=True)
            continue
        for mode in MODES:
            more = count(contestant, LONG, mode)
            more.subtract(count(contestant, SHORT, mode))
            # One round, and another one before it to warm up.
            each = {name: n / (2 * (LONG - SHORT)) for name, n in more.items()}
            each = {name: n for name, n in sorted(each.items()) if round(n, 1)}
            names = ", ".join(f"{n:.3g} {name}" for name, n in each.items())
            total = sum(each.values())
            print(f"{contestant.label:40} {mode:12} {total:4.3g}: {names}", flush=True)


if __name__ == "__main__":
    main()
