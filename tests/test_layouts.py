"""The structures of options: compares the rows with the headers of the system, and
with layouts.json."""

import json
import struct
import subprocess
import sys
from pathlib import Path

import native
import pytest

from _sctp import sctp as core
from sctp._options import _layout

SYSTEM = "linux" if sys.platform == "linux" else "freebsd"
LAYOUTS = json.loads(Path(__file__).with_name("layouts.json").read_text())
OURS = {name: systems[SYSTEM] for name, systems in LAYOUTS.items() if SYSTEM in systems}
STRUCTURES = sorted({structure for _, _, structure, *_ in core._options if structure})
CODES = {(1, "u"): "B", (2, "u"): "H", (4, "u"): "I", (8, "u"): "Q", (4, "i"): "i"}

# The members that tell how long a list is.
COUNTS = {
    "sca_keylength",
    "gauth_number_of_chunks",
    "srs_number_streams",
    "gaids_number_of_ids",
    "shmac_number_of_idents",
    "shmac_num_idents",  # on Linux
}

PROLOGUE = """\
#include <sys/types.h>
#include <sys/socket.h>
#include <netinet/in.h>
#include <netinet/sctp.h>
#include <stddef.h>
#include <stdio.h>
#define KIND(member) _Generic((member), \\
    signed char: "i", short: "i", int: "i", long: "i", long long: "i", \\
    unsigned char: "u", unsigned short: "u", unsigned: "u", \\
    unsigned long: "u", unsigned long long: "u", default: "")
#define OF(structure, member) ((struct structure *)0)->member
#define FIELD(structure, member, size) \\
    printf(#structure " " #member " %zu %zu %s\\n", \\
           offsetof(struct structure, member), (size_t)(size), \\
           KIND(OF(structure, member)))
#define STRUCTURE(structure) \\
    printf(#structure " %zu %zu\\n", sizeof(struct structure), \\
           _Alignof(struct structure))
#define TAIL(structure, member) \\
    printf(#structure " " #member " %zu\\n", sizeof(OF(structure, member)[0]))
int main(void)
{
"""


def layout_of(name):
    return OURS["sctp_sndinfo" if name == "sctp_default_sndinfo" else name]


def tails():
    """Every structure that has a list, with the key and the format of the list."""
    for name in STRUCTURES:
        _, _, tail = core._describe(name)
        if tail is not None:
            yield name, *tail[:2]


@pytest.fixture(scope="module")
def run_probe(tmp_path_factory):
    """Compiles statements with the headers of the system. Returns the lines that
    they print, split into words."""

    def run(statements):
        directory = tmp_path_factory.mktemp("probe")
        source = directory / "probe.c"
        source.write_text(PROLOGUE + "".join(statements) + "}\n")
        native.host_compiler().run("-w", source, "-o", directory / "probe")
        probe = subprocess.run(
            [directory / "probe"], check=True, capture_output=True, text=True
        )
        return [line.split(" ") for line in probe.stdout.splitlines()]

    return run


@pytest.fixture(scope="module")
def headers(run_probe):
    """The structures of the system, in the form of layouts.json."""
    statements = []
    for layout in OURS.values():
        name = layout["c_name"]
        statements.append(f"STRUCTURE({name});\n")
        for member, (_, size, _) in layout["fields"].items():
            size = f"sizeof OF({name}, {member})" if size else "0"
            statements.append(f"FIELD({name}, {member}, {size});\n")
    found = {}
    for name, *words in run_probe(statements):
        if len(words) == 2:
            size, align = map(int, words)
            found[name] = {"c_name": name, "size": size, "align": align, "fields": {}}
        else:
            member, offset, size, kind = words
            found[name]["fields"][member] = [int(offset), int(size), kind]
    return found


@pytest.mark.skipif(sys.maxsize < 2**32, reason="layouts.json is for 64 bits")
@pytest.mark.parametrize("name", OURS)
def test_layouts_file_agrees_with_the_headers(headers, name):
    assert OURS[name] == headers[OURS[name]["c_name"]]


@pytest.mark.parametrize("name", STRUCTURES)
def test_rows_agree_with_the_headers(headers, name):
    size, rows, _ = core._describe(name)
    layout = headers[layout_of(name)["c_name"]]
    assert size == layout["size"]
    for key, code, offset, width in rows:
        kind = layout["fields"][key][2]
        assert layout["fields"][key][:2] == [offset, width]
        assert code == (CODES[width, kind] if kind else f"{width}s")


@pytest.mark.parametrize("name", STRUCTURES)
def test_every_member_has_a_row(headers, name):
    _, rows, tail = core._describe(name)
    keys = {key for key, *_ in rows} | ({tail[0]} if tail else set())
    # FreeBSD has members for padding.
    members = {
        member
        for member in headers[layout_of(name)["c_name"]]["fields"]
        if not member.endswith("_padding")
    }
    assert keys <= members
    assert len((members - keys) & COUNTS) == len(members - keys) == (tail is not None)


def test_lists_follow_their_structures(headers, run_probe):
    lists = list(tails())
    sizes = run_probe(f"TAIL({name}, {key});\n" for name, key, _ in lists)
    assert len(sizes) == len(lists)
    for (name, key, code), (*_, size) in zip(lists, sizes, strict=True):
        layout = headers[layout_of(name)["c_name"]]
        assert layout["fields"][key][0] == layout["size"] == core._describe(name)[0]
        assert struct.calcsize(f"={code}") == int(size)


def test_addresses_fill_a_sockaddr_storage(headers):
    widths = {
        width
        for name in STRUCTURES
        for key, code, _, width in core._describe(name)[1]
        if key.endswith(("address", "_addr", "ipaddr"))
    }
    assert widths == {core.SOCKADDR_STORAGE_CSIZE}


@pytest.mark.parametrize(
    "layout",
    [
        pytest.param(layout, id=f"{system}-{name}")
        for name, systems in LAYOUTS.items()
        for system, layout in systems.items()
    ],
)
def test_format_has_the_padding_of_either_system(layout):
    rows = [
        (key, CODES[size, kind] if kind else f"{size}s", offset, size)
        for key, (offset, size, kind) in layout["fields"].items()
        if size
    ]
    format = _layout(rows, layout["size"])
    assert struct.calcsize(format) == layout["size"]
    in_order = sorted(rows, key=lambda row: row[2])
    for at, (_, code, offset, size) in enumerate(in_order):
        values = [b"" if code.endswith("s") else 0 for _, code, *_ in in_order]
        values[at] = b"\xff" * size if code.endswith("s") else -1 if code == "i" else 1
        packed = struct.pack(format, *values)
        assert any(packed[offset : offset + size])
        assert not any(packed[:offset] + packed[offset + size :])
