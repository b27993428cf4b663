"""Makes the calls of the cases while one allocation after the other fails.

usage: run_sweeps.py FOLDER, the one of the module failing; then as run_cases.py
"""

import gc
import sys
import traceback
from types import BuiltinFunctionType, GetSetDescriptorType

import cases
from run_cases import ROUNDS, Wrong, call_as_told, count_held, serve

sys.path.append(sys.argv[1])
import failing

# The exceptions of Python code within these calls. Without memory, Python itself may
# end such code without an exception (which raises SystemError), or keep its objects.
# The first may happen in our code.
IN_PYTHON = (ZeroDivisionError, UnicodeError)
# After so many calls, the memory for the last peers is full.
WARM_UP = 100


class Hook:
    """Replaces a function that C implements. While it is armed, it lets allocations
    fail in the calls that it passes on."""

    def __init__(self, entry_point):
        self.armed = False
        self.calls = 0
        owner, _, attribute = entry_point.rpartition(".")
        owners = [vars(module).get(owner) for module in cases.MODULES]
        owner = next(o for o in owners if o) if owner else self.module_of(attribute)
        if isinstance(owner, type):
            owner = next(cls for cls in owner.__mro__ if attribute in vars(cls))
        setattr(owner, attribute, self.stand_in(vars(owner)[attribute]))

    def module_of(self, name):
        return next(module for module in cases.MODULES if name in vars(module))

    def stand_in(self, member):
        if isinstance(member, BuiltinFunctionType):
            return lambda *args, **kwargs: self.call(member, None, args, kwargs)
        if not isinstance(member, GetSetDescriptorType):
            return lambda own, *args, **kwargs: self.call(member, own, args, kwargs)
        get, set, delete = (
            vars(GetSetDescriptorType)[name]
            for name in ("__get__", "__set__", "__delete__")
        )
        return property(
            lambda own: self.call(get, member, (own, type(own)), {}),
            lambda own, value: self.call(set, member, (own, value), {}),
            lambda own: self.call(delete, member, (own,), {}),
        )

    def call(self, member, own, args, kwargs):
        if self.armed:
            self.calls += 1
            gc.collect()  # Python keeps no freed objects to use again
            # This makes the frame object before memory fails. If Python has no memory
            # for it when a function called from here ends, it drops the exception of
            # that function.
            sys._getframe()
        return failing.call(member, own, args, kwargs)

    def sweep(self, case, world):
        """Lets each allocation fail, alone and with all later ones. Returns how many
        failed."""
        failed = 0
        for to_the_end in False, True:
            nth = 1
            while self.let_fail(case, world, nth, to_the_end):
                failed += 1
                # A loop with a thousand allocations repeats itself.
                nth += max(1, nth // 50) if nth > 1_000 else 1
        case.prepare(world)
        call_as_told(case, lambda: case.call(world))
        return failed

    def let_fail(self, case, world, nth, to_the_end):
        """Lets an allocation fail. Returns whether the call makes as many
        allocations."""
        case.prepare(world)
        failing.arm(nth, sys.maxsize if to_the_end else nth)
        self.armed = True
        try:
            case.call(world)
        except MemoryError:
            pass
        except BaseException as error:
            if case.in_python and isinstance(error, SystemError):
                pass
            elif case.error is None or not isinstance(error, case.error):
                which = f"allocation {nth} {'and on' if to_the_end else 'alone'}"
                raise Wrong(f"{which}: {error!r}") from error
        finally:
            self.armed = False
            reached = failing.seen() >= nth
            failing.arm(0, 0)
        return reached


def check_case(case, times, hook):
    """Sweeps so often. Compares the counts with those before."""
    world = cases.World()
    for _ in range(WARM_UP):
        case.prepare(world)
        call_as_told(case, lambda: case.call(world))
    failed = hook.sweep(case, world)
    for _ in range(ROUNDS):
        before = count_held(world)
        failed += sum(hook.sweep(case, world) for _ in range(times))
        held = count_held(world)
        growth = {
            what: held[what] - before[what]
            for what in ("descriptors", "blocks", "references")
        }
        if max(growth.values()) < times:
            return failed
        times = min(2 * times, 100)  # Python's caches fill more and more slowly
    raise Wrong(f"{growth} more after {times} sweeps, {ROUNDS} times over")


def check_entry_point(times, entry_point):
    hook = Hook(entry_point)
    total = {"failed allocations": 0, "swept cases": 0, "swept entry points": 1}
    wrong = []
    for name, case in cases.CASES[entry_point].items():
        if case.error in IN_PYTHON:
            continue
        print(f"{entry_point}: {name}", file=sys.stderr, flush=True)
        try:
            failed = check_case(case, times, hook)
        except Wrong as error:
            wrong.append(f"{name}: {error}")
        except BaseException:
            wrong.append(f"{name}: {traceback.format_exc()}")
        else:
            total["failed allocations"] += failed
            total["swept cases"] += 1
    if hook.calls == 0:
        wrong.append("no case calls it")
    return {"wrong": wrong} if wrong else total


if __name__ == "__main__":
    gc.disable()
    serve(check_entry_point)
