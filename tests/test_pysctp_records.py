"""Programs see the same of sctp.pysctp as of PySCTP, whose behaviour is recorded.
The exceptions are the differences that the guide lists."""

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
# The value of ppid_order for each version.
ORDERS = {"0.7.2": "raw", "0.7.3": "0.7.3"}

# The differences from the record, by the words of the guide. Each has items ("topic:
# item") with what this package does. "*" stands for any text.
DIFFERENCES = {
    "Errors that no correct program causes": {
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
        "properties: * = 2147483648": "ValueError",
        "properties: * = 4294967296": "ValueError",
    },
    "can be unsigned 32-bit numbers": {
        "identifiers: -1": 2**32 - 1,
        "identifiers: 200": [200, 3355443200],
        "identifiers: 2147483648": [128, 2**31],
        "identifiers: 4294967295": 2**32 - 1,
        "properties: *.adaptation = -1": 2**32 - 1,
        "properties: *.adaptation = 2147483648": 2**31,
    },
    "Any bytes-like object can be a message": {
        "messages: bytearray": 2,
        "messages: memoryview": 2,
        "messages: bytearray: there": ...,
        "messages: memoryview: there": ...,
    },
    "With a timeout, sctp_recv, sctp_send and connectx wait": {
        "addresses: connectx with a timeout": None,
        "messages: with a timeout": "TimeoutError",
    },
    "The constants have the numbers of the kernel: MSG_SENDALL": {
        "constants: MSG_SENDALL": pysctp.MSG_SENDALL,
        "constants: SPP_HB_DISABLED": pysctp.paddrparams.flags_HB_DISABLED,
        "names: MSG_SENDALL": pysctp.MSG_SENDALL,
        "members: assoc_change": ...,
        "members: paddr_change": ...,
        "members: paddrparams": ...,
    },
    "All attributes of paddrparams are read and set": {
        "parameters: get_paddrparams, *": ...,
        "parameters: set_paddrparams: now": ...,
    },
    "max_init_timeo returns the kernel's value": {
        "initparams: initmsg": ...,
        "initparams: max_init_timeo": 60_000,
    },
    "notif.data is :class:`bytes`": {
        "failed_message: notif": ...,
        "new_objects: remote_error*": ...,
        "new_objects: send_failed*": ...,
    },
    "notif.error is in host order": {"notifications: aborted": ...},
    "More attributes exist": {
        "new_objects: sndrcvinfo*": ...,
        "unknown_notification: raises=False": ...,
    },
    "events.data_io can be read": {"events: *.data_io = *": [0, 1, 2, False, True]},
    "An association identifier can be given": {"notifications: to its identifier": 1},
    "with closes the socket": {"sockets: with": "sctpsocket_tcp"},
    "does not import print_function": {"names: print_function": None},
}


@pytest.fixture(scope="module")
def ours():
    """What this package does instead, for each version."""
    before, seen = pysctp.ppid_order, {}
    try:
        for version, pysctp.ppid_order in ORDERS.items():
            seen[version] = json.loads(json.dumps(pysctp_behaviour.record()))
    finally:
        pysctp.ppid_order = before
    return seen


def differences(ours, version, topic):
    """The items of a topic that differ from the record, with what this package does."""
    for item, value in RECORDS[version][topic].items():
        seen = ours[version][topic].get(item)
        if topic == "members":  # this package may have more
            seen = {name: seen.get(name) for name in value}
        if seen != value:
            yield f"{topic}: {item}", seen
    for item in ours[version][topic].keys() - RECORDS[version][topic].keys():
        if topic not in ("members", "names"):
            yield f"{topic}: {item}", ours[version][topic][item]


@pytest.mark.parametrize("version", ORDERS)
@pytest.mark.parametrize("topic", TOPICS)
def test_programs_see_what_they_saw(ours, version, topic):
    for item, seen in differences(ours, version, topic):
        permitted = []
        for patterns in DIFFERENCES.values():
            for pattern, value in patterns.items():
                if fnmatchcase(item, pattern):
                    permitted += value if isinstance(value, list) else [value]
        assert seen in permitted or ... in permitted, item


def test_star_brings_every_name():
    public = set(pysctp.__all__)
    for record in RECORDS.values():
        assert record["names"].keys() - public == {"print_function"}


def test_each_difference_is_one_and_is_in_the_guide(ours):
    found = {
        item
        for version in ORDERS
        for topic in TOPICS
        for item, _ in differences(ours, version, topic)
    }
    guide = " ".join(GUIDE.read_text().replace("``", "").split())
    for reason, patterns in DIFFERENCES.items():
        assert reason in guide
        for pattern in patterns:
            assert any(fnmatchcase(item, pattern) for item in found), pattern


def test_what_is_permitted_to_differ_is_as_the_guide_says(ours):
    """If a part of an item differs, only that part."""
    ours = ours["0.7.2"]
    for record, error in (RECORDS["0.7.2"], 3072), (ours, 12):
        aborted = record["notifications"]["aborted"]
        assert aborted[-1]["assoc_change"]["error"] == error
    for record, kind in (RECORDS["0.7.2"], "str"), (ours, "bytes"):
        failed = record["failed_message"]["notif"]["send_failed"]
        assert failed["data"] == ["list", kind, 1_000]
    assert failed["info"]["sndrcvinfo"]["context"] == 1_234
    path = ours["parameters"]["set_paddrparams: now"]["paddrparams"]
    assert path["hbinterval"] == 5_000
    assert path["flags"] & pysctp.paddrparams.flags_HB_ENABLED
    assert path["sackdelay"] == 200
    members = ours["members"]["assoc_change"]
    assert members["error_PEER_FAULTY"] == pysctp.getconstant("SCTP_PEER_FAULTY") == 6
