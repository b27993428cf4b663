"""Runs the cases of entry points, those of each in a process of its own.

Reads lines "calls entry point" and answers each with a line of JSON:
what is wrong, or the counts.
"""

import contextlib
import faulthandler
import gc
import json
import os
import sys
import traceback
from pathlib import Path

import cases

sys.path.append(str(Path(__file__).parent.parent))
import system

# How often growth is measured before it counts as a leak. Caches may fill and
# allocators may take pages once, but not each time.
ROUNDS = 30


class Wrong(Exception):
    """A case has done something that it must not do."""


def count_references(world):
    """The references of all objects in a debug build; otherwise those of objects
    that calls share: constants, types and arguments."""
    if hasattr(sys, "gettotalrefcount"):
        return sys.gettotalrefcount()
    shared = [None, True, False, NotImplemented, (), "", b"", *range(-1, 257)]
    for module in (cases, *cases.MODULES):
        shared.extend(vars(module).values())
    shared.extend(vars(cases.World).values())
    shared.extend(vars(world).values())
    return sum(map(sys.getrefcount, shared))


def count_held(world):
    """The counts of everything that a call must free."""
    gc.collect()
    return {
        "descriptors": len(system.open_descriptors()),
        "blocks": sys.getallocatedblocks(),
        "references": count_references(world),
        "bytes": system.resident_memory(),
    }


def find_growth(before, held, calls):
    """Finds the counts that have grown so much that one call in four may have
    leaked."""
    slack = {
        "descriptors": 0,
        "blocks": min(calls // 4, 32),
        "references": min(calls // 4, 32),
        "bytes": 256 * 1024,
    }
    if held["blocks"] == 0:  # a tool has replaced malloc, and keeps freed memory
        del slack["bytes"]
    growth = {what: held[what] - before[what] for what in slack}
    return {what: growth[what] for what in slack if growth[what] > slack[what]}


def call_as_told(case, call):
    """Makes the call and checks its result or its error."""
    try:
        call()
    except BaseException as error:
        if case.error is None or not isinstance(error, case.error):
            raise
    else:
        if case.error is not None:
            raise Wrong(f"raised no {case.error.__name__}")


def check_leaks(case, calls):
    """Makes so many calls. Compares the counts with those before."""
    world = cases.World()
    calls = max(calls // case.divisor, 50)

    def repeat(times):
        for _ in range(times):
            case.prepare(world)
            call_as_told(case, lambda: case.call(world))

    repeat(50)
    for rounds in range(1, ROUNDS + 1):
        before = count_held(world)
        repeat(calls)
        growth = find_growth(before, count_held(world), calls)
        if not growth:
            return {"cases": 1, "calls": rounds * calls}
    raise Wrong(f"{growth} more after {calls} calls, {ROUNDS} times over")


def check_entry_point(calls, entry_point):
    total = {}
    for name, case in cases.CASES[entry_point].items():
        print(f"{entry_point}: {name}", file=sys.stderr, flush=True)
        try:
            counts = check_leaks(case, calls)
        except Wrong as wrong:
            total.setdefault("wrong", []).append(f"{name}: {wrong}")
        except BaseException:
            text = f"{name}: {traceback.format_exc()}"
            total.setdefault("wrong", []).append(text)
        else:
            for key, count in counts.items():
                total[key] = total.get(key, 0) + count
    return total


def serve(check=check_entry_point):
    faulthandler.enable()
    gc.freeze()
    for line in sys.stdin:
        amount, entry_point = line.rstrip("\n").split(" ", 1)
        read_end, write_end = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(read_end)
            # If something hangs, it ends with a traceback.
            faulthandler.dump_traceback_later(60 + int(amount) / 50, exit=True)
            with contextlib.suppress(BaseException):
                answer = check(int(amount), entry_point)
                os.write(write_end, json.dumps(answer).encode())
            os._exit(0)
        os.close(write_end)
        with open(read_end, "rb") as pipe:
            text = pipe.read()
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        print(text.decode() or json.dumps({"ended": status}), flush=True)


if __name__ == "__main__":
    serve()
