"""Runs the cases of entry points, those of each in a process of its own.

usage: run_cases.py folder-of-module-failing

Reads lines "what amount entry point" and answers each with a line of JSON:
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

# What memory a process may take without leaking: caches, and pages that its
# allocators keep.
SLACK_BYTES = 256 * 1024
SLACK_BLOCKS = 32
SLACK_REFERENCES = 32


class Wrong(Exception):
    """What a case did that it must not."""


def count_references(world):
    """References of all objects in a debug build, else of those that calls
    share: constants, types, arguments."""
    if hasattr(sys, "gettotalrefcount"):
        return sys.gettotalrefcount()
    shared = [None, True, False, NotImplemented, (), "", b"", *range(-1, 257)]
    for module in (cases, *cases.MODULES):
        shared.extend(vars(module).values())
    shared.extend(vars(cases.World).values())
    shared.extend(vars(world).values())
    return sum(map(sys.getrefcount, shared))


def count_held(world):
    """What a call must give back."""
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return {
        "descriptors": len(os.listdir("/proc/self/fd")),
        "blocks": sys.getallocatedblocks(),
        "references": count_references(world),
        "bytes": pages * os.sysconf("SC_PAGE_SIZE"),
    }


SLACK = {
    "descriptors": 0,
    "blocks": SLACK_BLOCKS,
    "references": SLACK_REFERENCES,
    "bytes": SLACK_BYTES,
}


def call_as_told(case, call):
    """Makes the call and checks how it ended."""
    try:
        call()
    except BaseException as error:
        if case.error is None or not isinstance(error, case.error):
            raise
    else:
        if case.error is not None:
            raise Wrong(f"raised no {case.error.__name__}")


def check_leaks(case, calls):
    """Makes so many calls, and compares what is held with what was before."""
    world = cases.World()
    calls = max(calls // case.divisor, 10)

    def repeat(times):
        for _ in range(times):
            case.prepare(world)
            call_as_told(case, lambda: case.call(world))

    repeat(max(calls // 10, 10))
    before = count_held(world)
    repeat(calls)
    held = count_held(world)
    for what, slack in SLACK.items():
        growth = held[what] - before[what]
        if growth > slack:
            raise Wrong(f"{growth} {what} more after {calls} calls")
    return {"cases": 1, "calls": calls}


def is_allowed(case, error):
    """Whether a call may raise that when it finds no memory."""
    while error is not None:
        if isinstance(error, SystemError):
            return False
        if isinstance(error, MemoryError):
            return True
        if case.error is not None and isinstance(error, case.error):
            return True
        error = error.__context__
    return False


def fail_allocations(case, world, failing, many):
    """Lets each allocation of the call fail, alone or with all that follow;
    returns how many."""
    nth = 0
    while True:
        nth += 1
        case.prepare(world)
        try:
            failing.run(lambda: case.call(world), nth, sys.maxsize if many else nth)
        except BaseException as error:
            if not is_allowed(case, error):
                raise Wrong(
                    f"allocation {nth} failing {'for good' if many else 'once'}: "
                    + "".join(traceback.format_exception(error))
                ) from None
            error.__traceback__ = None
        if failing.seen() < nth:
            return nth - 1
        # What has failed works again.
        case.prepare(world)
        call_as_told(case, lambda: case.call(world))


SWEEPS = 3


def check_failures(case, _):
    """Lets each allocation fail, several times over: what grows each time is
    a leak."""
    import failing

    world = cases.World()
    injected = 0
    case.prepare(world)
    call_as_told(case, lambda: case.call(world))

    def sweep():
        return sum(fail_allocations(case, world, failing, many) for many in (1, 0))

    injected += sweep()
    before = [count_held(world)]
    for _ in range(SWEEPS):
        injected += sweep()
        before.append(count_held(world))
    for what in "descriptors", "blocks", "references":
        growth = [
            after[what] - held[what]
            for held, after in zip(before, before[1:], strict=False)
        ]
        if min(growth) > 0:
            raise Wrong(f"{growth} {what} more each time that all allocations fail")
    return {"cases": 1, "allocations failed": injected}


def check_entry_point(what, amount, entry_point):
    check = {"leaks": check_leaks, "failures": check_failures}[what]
    total = {}
    for name, case in cases.CASES[entry_point].items():
        print(f"{entry_point}: {name}", file=sys.stderr, flush=True)
        try:
            counts = check(case, amount)
        except Wrong as wrong:
            total.setdefault("wrong", []).append(f"{name}: {wrong}")
        except BaseException:
            text = f"{name}: {traceback.format_exc()}"
            total.setdefault("wrong", []).append(text)
        else:
            for key, count in counts.items():
                total[key] = total.get(key, 0) + count
    return total


def serve():
    for line in sys.stdin:
        what, amount, entry_point = line.rstrip("\n").split(" ", 2)
        read_end, write_end = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(read_end)
            # What hangs ends with a traceback.
            faulthandler.dump_traceback_later(60 + int(amount) / 50, exit=True)
            with contextlib.suppress(BaseException):
                answer = check_entry_point(what, int(amount), entry_point)
                os.write(write_end, json.dumps(answer).encode())
            os._exit(0)
        os.close(write_end)
        with open(read_end, "rb") as pipe:
            text = pipe.read()
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        print(text.decode() or json.dumps({"ended": status}), flush=True)


if __name__ == "__main__":
    faulthandler.enable()
    sys.path.append(sys.argv[1])
    gc.freeze()
    serve()
