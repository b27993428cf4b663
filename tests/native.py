"""Compiles the sources and the headers of a system, and reads the results."""

import json
import os
import re
import subprocess
import sys
import sysconfig
from fnmatch import fnmatchcase
from pathlib import Path

ROOT = Path(__file__).parent.parent
MODULES = ("sctp", "sctp_info", "sctp_event")
SOURCES = sorted((ROOT / "src").glob("*.c"))
SYSTEM_HEADERS = "".join(
    f"#include <{header}>\n"
    for header in ("sys/types.h", "sys/socket.h", "netinet/in.h", "netinet/sctp.h")
)
LAYOUTS = json.loads((ROOT / "tests" / "layouts.json").read_text())

# Names of the headers that the modules do not have, and the reasons.
LEFT_OUT = {
    "linux": {
        "RFC 6458 deprecates them": "SCTP_DATA_IO_EVENT SCTP_DEFAULT_SEND_PARAM"
        " SCTP_EVENTS SCTP_SNDRCV",
        "sctp_bindx, sctp_connectx, sctp_getladdrs, sctp_getpaddrs and sctp_peeloff"
        " are made of them": "SCTP_GET_LOCAL_ADDRS SCTP_GET_PEER_ADDRS SCTP_SOCKOPT_*",
        "they bound an enumeration": "SCTP_SN_TYPE_BASE SCTP_SN_TYPE_MAX",
        "security modules of the kernel see it": "SCTP_SENDMSG_CONNECT",
    },
    "freebsd": {
        "RFC 6458 deprecates them": "SCTP_DEFAULT_SEND_PARAM SCTP_EVENTS SCTP_EXTRCV"
        " SCTP_NEXT_MSG_* SCTP_NO_NEXT_MSG SCTP_SNDRCV SCTP_USE_EXT_RCVINFO",
        "sctp_bindx, sctp_connectx, sctp_getladdrs, sctp_getpaddrs and sctp_peeloff"
        " are made of them": "SCTP_CONNECT_X* SCTP_GET_ADDR_LEN"
        " SCTP_GET_LOCAL_ADDR* SCTP_GET_PEER_ADDRESSES SCTP_GET_REMOTE_ADDR_SIZE"
        " SCTP_PEELOFF",
        "they are misspelt": "SCTP_ADAPTION_* SCTP_MAXBURST",
        "ChunkTypes has chunk types": "SCTP_ABORT_ASSOCIATION SCTP_ASCONF"
        " SCTP_ASCONF_ACK SCTP_AUTHENTICATION SCTP_COOKIE_ACK SCTP_COOKIE_ECHO"
        " SCTP_DATA SCTP_ECN_CWR SCTP_ECN_ECHO SCTP_FORWARD_CUM_TSN"
        " SCTP_HEARTBEAT_ACK SCTP_HEARTBEAT_REQUEST SCTP_IDATA SCTP_IFORWARD_CUM_TSN"
        " SCTP_INITIATION SCTP_INITIATION_ACK SCTP_NR_SELECTIVE_ACK"
        " SCTP_OPERATION_ERROR SCTP_PACKET_DROPPED SCTP_PAD_CHUNK SCTP_SELECTIVE_ACK"
        " SCTP_SHUTDOWN SCTP_SHUTDOWN_ACK SCTP_SHUTDOWN_COMPLETE SCTP_STREAM_RESET",
        "they are flags of chunks": "SCTP_BADCRC SCTP_CWR_* SCTP_FROM_MIDDLE_BOX"
        " SCTP_HAD_NO_TCB SCTP_PACKET_TRUNCATED SCTP_SACK_CMT_DAC SCTP_SACK_NONCE_SUM",
        "they are the kernel's own": "SCTP_ALIGN_RESV_PAD* SCTP_MOBILITY_* SCTP_PACKED"
        " SCTP_PCB_COPY_FLAGS SCTP_PCB_FLAGS_*",
        "they are the kernel's limits": "SCTP_LARGEST_PMTU SCTP_MAX_COOKIE_LIFE"
        " SCTP_MAX_EXPLICT_STR_RESET SCTP_MAX_HB_INTERVAL SCTP_MAX_SACK_DELAY"
        " SCTP_MIN_COOKIE_LIFE SCTP_SAT_NETWORK_* SCTP_SMALLEST_PMTU",
        "they debug the kernel": "SCTP_CLR_STAT_LOG SCTP_CWND_MONITOR_ENABLE"
        " SCTP_GET_PACKET_LOG SCTP_GET_STAT_LOG SCTP_LAST_PACKET_TRACING SCTP_LOG_*"
        " SCTP_LTRACE_* SCTP_*LOGGING* SCTP_PACKET_LOG_SIZE SCTP_SET_DEBUG_LEVEL"
        " SCTP_SET_INITIAL_DBG_SEQ SCTP_TRACE_PARAMS",
        "the kernel has no handler for it": "SCTP_CMT_USE_DAC",
        "the kernel has a single virtual router": "SCTP_ADD_VRF_ID SCTP_DEL_VRF_ID"
        " SCTP_GET_ASOC_VRF SCTP_GET_VRF_IDS SCTP_VRF_ID",
    },
}


def reasons(system, name):
    """The names that the modules leave out although the headers of that system have
    them, with the reasons."""
    return [
        reason
        for reason, patterns in LEFT_OUT[system].items()
        if any(fnmatchcase(name, pattern) for pattern in patterns.split())
    ]


def script_environment(**variables):
    """For a script of the tests: it lets the script import its neighbours."""
    ours = {key: os.environ[key] for key in os.environ if key != "PYTHONSAFEPATH"}
    return {**ours, **variables}


class Compiler:
    """A C compiler for one system, with the headers of this CPython."""

    def __init__(self, *command, system="linux"):
        self.command = [*command, "-std=gnu11", "-Wall", "-Wextra", "-Werror"]
        self.system = system
        self.includes = [f"-I{ROOT / 'src'}", f"-I{sysconfig.get_path('include')}"]

    def run(self, *arguments, program=None):
        """Returns the output of the compiler. Warnings of it raise AssertionError."""
        done = subprocess.run(
            [*self.command, *self.includes, *map(str, arguments)],
            input=program,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def build(self, directory, suffix, *arguments):
        """Makes the modules, each with the objects that they share."""
        objects = [Path(directory, f"{source.stem}.o") for source in SOURCES]
        for source, output in zip(SOURCES, objects, strict=True):
            flags = ("-O1", "-fPIC", "-fvisibility=hidden", "-o", output)
            self.run(*flags, "-c", source)
        own = {name: {name} for name in MODULES}
        own["sctp"] |= {"associations", "option"}
        for name in MODULES:
            others = set().union(*own.values()) - own[name]
            wanted = [file for file in objects if file.stem not in others]
            output = Path(directory, name + suffix)
            self.run("-shared", "-o", output, *wanted, *arguments)

    def names(self):
        """The SCTP_, SPP_ and MSG_ names that the SCTP headers define: macros
        without parameters, and enumerators."""
        file, found, code = "", [], []
        text = self.run("-E", "-dD", "-x", "c", "-", program=SYSTEM_HEADERS)
        for line in text.splitlines():
            if marker := re.match(r'# \d+ "(.*?)"', line):
                file = Path(marker[1]).name
            elif file.startswith("sctp"):
                found += re.findall(r"^#define (\w+)(?![\w(])", line)
                code.append(line)
        for body in re.findall(r"\benum\b[^{;]*\{([^}]*)\}", "\n".join(code)):
            found += re.findall(r"(?:^|,)\s*(\w+)", body)
        return {name for name in found if re.match("(SCTP|SPP|MSG)_", name)}

    def exports(self):
        """The names in the tables of the modules."""
        tables = [ROOT / "src" / f"{name}.c" for name in (*MODULES, "records_option")]
        text = "".join(self.run("-E", table) for table in tables)
        return set(re.findall(r'\{"((?:SCTP|SPP|MSG)_\w+)"', text))

    def values(self, names, headers, directory):
        """The values that the names have in the headers, as symbols of an object
        file."""
        probe = Path(directory, "probe.o")
        symbols = "".join(
            f'__asm__(".set value_of_{name}, %c0" : : "i"({name}));\n' for name in names
        )
        program = f"{headers}void probe(void) {{\n{symbols}}}\n"
        self.run("-x", "c", "-c", "-", "-o", probe, program=program)
        table = subprocess.run(
            ["readelf", "-sW", probe], capture_output=True, text=True, check=True
        ).stdout
        rows = re.findall(r": ([0-9a-f]{16}) .* value_of_(\w+)$", table, re.MULTILINE)
        return {name: int(value, 16) for value, name in rows}

    def check_layouts(self, directory):
        """Compares every row of the tables with the table of layouts."""
        program = layout_program(self.system)
        self.run(
            "-x", "c", "-c", "-", "-o", Path(directory, "layouts.o"), program=program
        )


def host_compiler():
    """The compiler of this CPython, or $CC."""
    command = os.environ.get("CC") or sysconfig.get_config_var("CC")
    system = "linux" if sys.platform == "linux" else "freebsd"
    return Compiler(*command.split(), system=system)


def layout_program(system):
    """C text that compiles only if the members in our rows have the same place in
    the system's structures."""
    rows = [
        row
        for source in sorted((ROOT / "src").glob("records_*"))
        for row in re.findall(
            r'RECORD_FIELD(?:_AS|_OF)?\((\w+), (?:"\w+", )?(\w+)', source.read_text()
        )
    ]
    lines = ['#include "record.h"']
    for structure, member in rows:
        if system not in LAYOUTS[structure]:
            continue
        layout = LAYOUTS[structure][system]
        fields = {
            standard_name(structure, key): at for key, at in layout["fields"].items()
        }
        lines += [
            f"_Static_assert(sizeof(struct {structure}) == {layout['size']},"
            f' "size of {structure}");',
            f"_Static_assert(_Alignof(struct {structure}) == {layout['align']},"
            f' "alignment of {structure}");',
        ]
        if member not in fields:
            assert any(
                member in layout["fields"] for layout in LAYOUTS[structure].values()
            )
            continue
        offset, size, sign = fields[member]
        value = f"((struct {structure} *)0)->{member}"
        lines += [
            f"_Static_assert(offsetof(struct {structure}, {member}) == {offset},"
            f' "offset of {member}");',
            f'_Static_assert(sizeof({value}) == {size}, "size of {member}");',
        ]
        if sign:
            kind = f"RECORD_{sign.upper()}{8 * size}"
            lines.append(
                f'_Static_assert(RECORD_KIND({value}) == {kind}, "kind of {member}");'
            )
    return "\n".join(lines) + "\n"


def standard_name(structure, member):
    """The name of RFC 6458 for a member that Linux names differently."""
    if structure == "sctp_send_failed_event":
        return re.sub("^ssf_", "ssfe_", member)
    return {"shmac_num_idents": "shmac_number_of_idents"}.get(member, member)
