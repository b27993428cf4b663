"""What programs see of sctp.pysctp is what they saw of PySCTP, as recorded, but for
the differences that the guide lists."""

import json
from fnmatch import fnmatchcase
from pathlib import Path

import pysctp_behaviour
import pytest

from sctp import pysctp

pytestmark = [pytest.mark.kernel, pytest.mark.linux]

GUIDE = Path(__file__).parent.parent / "docs" / "guides" / "from-pysctp.rst"
RECORDS = pysctp_behaviour.read()
TOPICS = sorted(RECORDS["0.7.2"])
# The order of identifiers that stands for a version.
ORDERS = {"0.7.2": "raw", "0.7.3": "0.7.3"}

# Why something is another than recorded, as the guide has it, with what that is:
# "topic: item" and what we do. "*" stands for any text.
DIFFERENCES = {
    "What is never raised by a correct program": {
        "addresses: bindx([[]1])": "TypeError",
        "addresses: connectx([[]1])": "TypeError",
        "addresses: a wrong action": "ValueError",
        "constants: nothing": "ValueError",
        "events: shutdown = *": "TypeError",
        "initparams: * = 'x'": "TypeError",
        "initparams: * = None": "TypeError",
        "initparams: * = 1.5": "TypeError",
        "messages: to=('127.0.0.1', 'x y')": "gaierror -8",
        "properties: *.maxseg = 2147483648": "OSError 22",
        "properties: * = 4294967296": ["OverflowError", "ValueError"],
        "sockets: of a TCP socket": "SCTPError",
        "sockets: of a bad *": "SCTPError",
    },
    "Values that do not fit": {
        "initparams: * = -1": "TypeError",
        "initparams: * = 70000": "TypeError",
        "messages: stream=-1": "ValueError",
        "messages: stream=65536": "ValueError",
        "messages: stream=65536: there": None,
        "messages: *=4294967296": "ValueError",
    },
    "32 bits without a sign": {
        "identifiers: -1": 2**32 - 1,
        "identifiers: 200": [200, 3355443200],
        "identifiers: 2147483648": [128, 2**31],
        "identifiers: 4294967295": 2**32 - 1,
        "properties: *.adaptation = -1": 2**32 - 1,
        "properties: *.adaptation = 2147483648": 2**31,
    },
    "Any bytes-like object": {
        "messages: bytearray": 2,
        "messages: memoryview": 2,
        "messages: bytearray: there": ...,
        "messages: memoryview: there": ...,
    },
    "A timeout waits": {
        "addresses: connectx with a timeout": None,
        "messages: with a timeout": "TimeoutError",
    },
    "The constants are the kernel's: MSG_SENDALL": {
        "constants: MSG_SENDALL": pysctp.MSG_SENDALL,
        "constants: SPP_HB_DISABLED": pysctp.paddrparams.flags_HB_DISABLED,
        "names: MSG_SENDALL": pysctp.MSG_SENDALL,
        "members: assoc_change": ...,
        "members: paddr_change": ...,
        "members: paddrparams": ...,
    },
    "All of paddrparams is read and set": {
        "parameters: get_paddrparams, *": ...,
        "parameters: set_paddrparams: now": ...,
    },
    "What the kernel has for max_init_timeo": {
        "initparams: initmsg": ...,
        "initparams: max_init_timeo": 60_000,
    },
    "notif.data is :class:`bytes`": {
        "failed_message: notif": ...,
        "new_objects: remote_error*": ...,
        "new_objects: send_failed*": ...,
    },
    "notif.error is in host order": {"notifications: aborted": ...},
    "More attributes": {
        "new_objects: sndrcvinfo*": ...,
        "unknown_notification: raises=False": ...,
    },
    "events.data_io can be read": {"events: *.data_io = *": [0, 1, 2, False, True]},
    "An association identifier": {"notifications: to its identifier": 1},
    "with closes the socket": {"sockets: with": "sctpsocket_tcp"},
    "leaves print_function out": {"names: print_function": None},
}


@pytest.fixture(scope="module", params=ORDERS)
def both(request):
    """What was recorded of a version, and what we do in its stead."""
    before, pysctp.ppid_order = pysctp.ppid_order, ORDERS[request.param]
    try:
        ours = pysctp_behaviour.record()
    finally:
        pysctp.ppid_order = before
    return RECORDS[request.param], json.loads(json.dumps(ours))


def permitted(item):
    """What the guide lets an item be, or nothing."""
    for differences in DIFFERENCES.values():
        for pattern, ours in differences.items():
            if fnmatchcase(item, pattern):
                yield from ours if isinstance(ours, list) else [ours]


@pytest.mark.parametrize("topic", TOPICS)
def test_programs_see_what_they_saw(both, topic):
    recorded, ours = (record[topic] for record in both)
    for item, value in recorded.items():
        seen = ours.get(item)
        if topic == "members":  # ours may have more
            seen = {name: seen[name] for name in value}
        if seen != value:
            found = [*permitted(f"{topic}: {item}")]
            assert seen in found or ... in found, (item, value)


def test_star_brings_every_name():
    public = set(pysctp.__all__)
    for record in RECORDS.values():
        assert record["names"].keys() - public == {"print_function"}


def test_each_difference_is_one_and_is_in_the_guide():
    recorded = {
        f"{topic}: {item}"
        for record in RECORDS.values()
        for topic in record
        for item in record[topic]
    } | {"messages: bytearray: there", "messages: memoryview: there"}
    guide = " ".join(GUIDE.read_text().replace("``", "").split())
    for reason, differences in DIFFERENCES.items():
        assert f"{reason}" in guide
        for pattern in differences:
            assert any(fnmatchcase(item, pattern) for item in recorded), pattern


def shown(value, *path):
    """What a recorded item says somewhere inside."""
    for key in path:
        value = value[key]
    return value


def test_what_is_permitted_to_differ_is_as_the_guide_says(both):
    """Of items that differ in a part, the part."""
    recorded, ours = both
    for record, error in (recorded, 3072), (ours, 12):
        aborted = record["notifications"]["aborted"]
        assert shown(aborted, -1, "assoc_change", "error") == error
    for record, kind in (recorded, "str"), (ours, "bytes"):
        failed = shown(record, "failed_message", "notif", "send_failed")
        assert failed["data"] == ["list", kind, 1_000]
    assert failed["info"]["sndrcvinfo"]["context"] == 1_234
    path = shown(ours, "parameters", "set_paddrparams: now", "paddrparams")
    assert path["hbinterval"] == 5_000
    assert path["flags"] & pysctp.paddrparams.flags_HB_ENABLED
    assert path["sackdelay"] == 200
    members = ours["members"]["assoc_change"]
    assert members["error_PEER_FAULTY"] == pysctp.getconstant("SCTP_PEER_FAULTY") == 6
