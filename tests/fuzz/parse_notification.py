"""Gives mutated notifications to the parser until it fails."""

import argparse
import array
import errno
import mmap
import random
import struct
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

import golden_notifications as golden

import _sctp.sctp_event
from sctp import (
    NotificationType,
    describe_notification,
    error_causes,
    parse_notification,
)

# The length of the current input, and the input. It survives the end of the process.
LAST_INPUT = golden.TESTS.parent / "build" / "fuzz" / "input"
LAST_INPUT_SIZE = 0x10000
NUMBERS = (0, 1, 3, 4, 7, 8, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF)
NUMBERS += (0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)
TYPES = [*NotificationType]


def load_corpus():
    records = [data for system in golden.load().values() for data in system.values()]
    for line in Path(__file__).with_name("corpus.txt").read_text().splitlines():
        if line and not line.startswith("#"):
            records.append(bytes.fromhex(line))
    return records


def mutate(choose, corpus):
    """An input: one of the corpus with up to four changes."""
    pick, bits = choose.choice, choose.getrandbits
    data = bytearray(pick(corpus))
    for _ in range(bits(2) + 1):
        size = len(data)
        at = bits(16) % (size + 1)
        kind = bits(3)
        if kind == 0:
            data[at : at + 1] = bytes((bits(8),))
        elif kind == 1:
            number = pick(NUMBERS)
            form = "<I" if number > 0xFFFF or bits(1) else "<H"
            data[at : at + struct.calcsize(form)] = struct.pack(form, number)
        elif kind == 2:
            del data[at:]
        elif kind == 3:
            data += bits(8 * at).to_bytes(at, "little")
        elif kind == 4:
            data[:2] = pick(TYPES).to_bytes(2, sys.byteorder)
        elif kind == 5:
            data[at:] = pick(corpus)[at:]
        else:
            # If the length does not fit, nothing else is read.
            length = size + bits(4) - 8 if bits(2) == 0 else size
            data[4:8] = struct.pack("=I", max(length, 0))
    return bytes(data)


def check(data, given, keys):
    """Parses an input. The result must be a correct one for its type."""
    type = int.from_bytes(data[:2], sys.byteorder)
    try:
        notif = parse_notification(given)
    except OSError as error:
        is_known = len(data) < 8 or type in TYPES
        assert error.errno == (errno.EBADMSG if is_known else errno.EOPNOTSUPP), error
        return False
    assert notif["sn_type"] == type
    notif_keys = notif.keys() - {"sac_info"}
    assert notif_keys == keys.setdefault(type, notif_keys)
    for code, text in error_causes(notif):
        assert isinstance(code, int) and isinstance(text, bytes)
    sentence = describe_notification(notif)
    assert sentence.endswith(".") and sentence.isprintable()
    return True


def fuzz(inputs):
    """Returns how many inputs there were, and how many of them were notifications."""
    keys = {}
    count = parsed = 0
    LAST_INPUT.write_bytes(bytes(LAST_INPUT_SIZE))
    with LAST_INPUT.open("r+b") as file, mmap.mmap(file.fileno(), 0) as last:
        for count, data in enumerate(inputs, 1):
            last[: 4 + len(data)] = struct.pack("=I", len(data)) + data
            # A slice of an array has no spare byte, and every second one is not
            # aligned. bytes objects take a shorter way.
            start = count % 2
            whole = array.array("B", bytes(start) + data)[:]
            given = memoryview(whole)[start:] if count % 8 else data
            parsed += check(data, given, keys)
    return count, parsed


def last_input():
    length, data = struct.unpack(f"=I{LAST_INPUT_SIZE - 4}s", LAST_INPUT.read_bytes())
    return data[:length]


def inputs(options):
    """The corpus, then mutations: so many, or for so long, as the options say."""
    corpus = load_corpus()
    yield from corpus
    choose = random.Random(options.seed)
    if options.inputs is not None:
        for _ in range(options.inputs - len(corpus)):
            yield mutate(choose, corpus)
    else:
        deadline = time.monotonic() + options.seconds
        while time.monotonic() < deadline:
            yield mutate(choose, corpus)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--inputs", type=int, help="instead of a time")
    parser.add_argument("--seed", type=int, default=time.time_ns())
    parser.add_argument("--last", action="store_true", help="show the last input")
    options = parser.parse_args()
    if options.last:
        print(last_input().hex())
        return
    print(f"{_sctp.sctp_event.__file__}, seed {options.seed}", flush=True)
    count, parsed = fuzz(inputs(options))
    print(f"{count:,} inputs, {parsed:,} of them notifications: nothing found")


if __name__ == "__main__":
    main()
