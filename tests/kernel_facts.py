"""What the tests saw of each kernel, for the page docs/kernels.rst.

A test passes what it sees to the fixture kernel_fact. It fails if the kernel did
something else when the facts were recorded. ``--record-kernel-facts`` records
what the kernel does now.
"""

import errno
import json
import os
from pathlib import Path

PATH = Path(__file__).parent / "kernel_facts.json"
# Linux has two names for this one.
NAMES = {errno.EOPNOTSUPP: "EOPNOTSUPP"}


def name_of_kernel():
    """The system and the first two numbers of its release: 'Linux 6.1'."""
    system, _, release, *_ = os.uname()
    return f"{system} {'.'.join(release.split('-')[0].split('.')[:2])}"


def in_words(value):
    """An error is the name of its errno."""
    if isinstance(value, OSError):
        return NAMES.get(value.errno) or errno.errorcode[value.errno]
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)


class KernelFacts:
    """The value of each fact, by kernel, and the test that saw it."""

    def __init__(self, kernel, recording):
        self.kernel = kernel
        self.recording = recording
        self.facts = json.loads(PATH.read_text())
        self.known = any(kernel in fact for fact in self.facts.values())
        self.seen = {}

    def see(self, test, key, value):
        """A kernel of which nothing is recorded may do anything."""
        value = in_words(value)
        if self.recording:
            expected = self.seen.setdefault(key, value)
            self.facts.setdefault(key, {}).update({"test": test, self.kernel: value})
        elif self.known:
            expected = self.facts.get(key, {}).get(self.kernel)
        else:
            return
        assert value == expected, (
            f"{self.kernel}, {key}: {value!r} instead of {expected!r}."
            " --record-kernel-facts records it."
        )

    def save(self):
        text = json.dumps(self.facts, indent=1, sort_keys=True)
        PATH.write_text(text + "\n")
