"""Golden notifications of both systems, and the parser as FreeBSD has it.

As a program it compiles the notifications and writes them to a file anew.
"""

import ctypes
import json
import os
import platform
import subprocess
import sys
import sysconfig
import tempfile
from importlib.machinery import ExtensionFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path

TESTS = Path(__file__).parent
SOURCES = TESTS.parent / "src"
FILE = TESTS / "golden_notifications.json"
SYSTEM = "linux" if sys.platform == "linux" else "freebsd"

# The sources of parse_notification().
PARSER = "sctp_event record records_event records_info sockaddr args error"

HOST_COMPILER = (os.environ.get("CC") or sysconfig.get_config_var("CC")).split()
FLAGS = ["-std=gnu11", "-O2", "-fPIC", "-fno-stack-protector"]
ZIG = [sys.executable, "-m", "ziglang", "cc", "-target"]


def load():
    """The notifications of the file: bytes by system and name."""
    systems = json.loads(FILE.read_text())
    return {
        system: {name: bytes.fromhex(text) for name, text in records.items()}
        for system, records in systems.items()
    }


def compiler(system, directory):
    """The command that compiles for a system, with the headers of this CPython."""
    include = Path(sysconfig.get_path("include"))
    if system == SYSTEM:
        return [*HOST_COMPILER, f"-I{include}"]
    # The compiler uses our pyconfig.h only if there is none beside the header that
    # includes it. On Debian the one there includes another one, which is in a directory
    # for each system.
    others = Path(directory, "include")
    others.mkdir()
    for header in include.iterdir():
        if header.name != "pyconfig.h":
            (others / header.name).symlink_to(header)
    multiarch = include.parent / (sysconfig.get_config_var("MULTIARCH") or "")
    includes = [TESTS / system, others, multiarch / include.name, include]
    target = f"{platform.machine()}-{system}"
    return [*ZIG, target, *(f"-I{path}" for path in includes)]


def build(system, sources, directory):
    """Links the object files of a system to a shared object for this one. Both
    systems have the same calling convention, and the code calls no function that
    only the other system has."""
    command = [*compiler(system, directory), f"-I{SOURCES}", *FLAGS]
    objects = []
    for source in sources:
        objects.append(f"{directory}/{system}-{source.stem}.o")
        subprocess.run([*command, "-c", source, "-o", objects[-1]], check=True)
    if system != SYSTEM:
        objects += sorted((TESTS / system).glob("*.c"))
    library = f"{directory}/{system}-{sources[0].stem}.so"
    subprocess.run(
        [*HOST_COMPILER, "-shared", "-fPIC", "-Wl,-z,lazy", *objects, "-o", library],
        check=True,
    )
    return library


def make(system, directory):
    """The notifications, as the compiler for a system lays them out."""
    library = build(system, [FILE.with_suffix(".c")], directory)
    size, pointer = ctypes.c_size_t, ctypes.c_void_p
    records = {}

    @ctypes.CFUNCTYPE(None, ctypes.c_char_p, pointer, size, pointer, size)
    def take(name, head, head_size, tail, tail_size):
        record = ctypes.string_at(head, head_size) + ctypes.string_at(tail, tail_size)
        records[name.decode()] = record

    ctypes.CDLL(library).golden_notifications(take)
    return records


def build_parser(system, directory):
    """The module _sctp.sctp_event, compiled for a system."""
    sources = [SOURCES / f"{name}.c" for name in PARSER.split()]
    loader = ExtensionFileLoader("_sctp.sctp_event", build(system, sources, directory))
    flags = sys.getdlopenflags()
    sys.setdlopenflags(os.RTLD_LAZY)
    try:
        module = module_from_spec(spec_from_loader(loader.name, loader))
    finally:
        sys.setdlopenflags(flags)
    loader.exec_module(module)
    return module


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as directory:
        systems = {system: make(system, directory) for system in ("linux", "freebsd")}
    FILE.write_text(json.dumps(systems, default=bytes.hex, indent=2) + "\n")
