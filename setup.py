"""Builds the three C modules. Everything else about the build is in pyproject.toml."""

import sys
import tempfile
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext
from setuptools.command.sdist import sdist
from setuptools.errors import CompileError, LinkError

LIBRARIES = {"linux": ["sctp"], "freebsd": []}

# The sources of each module. Several modules share some of them.
SOURCES = {
    "sctp": "sctp associations batch message option call buffers sockaddr record "
    "records_info records_option args error",
    "sctp_info": "sctp_info sockaddr record records_info args error",
    "sctp_event": "sctp_event sockaddr record records_event records_info args error",
}

PROBE = "#include <netinet/sctp.h>\nint main(void) { return sctp_bindx(0, 0, 0, 0); }\n"
MISSING_HEADER = "sctp: the header netinet/sctp.h is missing" + (
    ": install libsctp-dev (Debian, Ubuntu), lksctp-tools-devel (Fedora, Red Hat, "
    "openSUSE), lksctp-tools-dev (Alpine) or lksctp-tools (Arch)."
    if sys.platform.startswith("linux")
    else " from the base system."
)
MISSING_LIBRARY = MISSING_HEADER.replace("header netinet/sctp.h", "library libsctp")
MISSING_PYTHON = (
    "sctp: the header Python.h is missing: install python3-dev (Debian, Ubuntu) "
    "or python3-devel (Fedora, Red Hat, openSUSE)."
)

system = next((name for name in LIBRARIES if sys.platform.startswith(name)), None)


class BuildModules(build_ext):
    """Says in one sentence what the machine lacks, before the compiler fails."""

    def build_extensions(self):
        if system is None:
            sys.exit(f"sctp: {sys.platform} has no SCTP: use Linux or FreeBSD.")
        with tempfile.TemporaryDirectory() as directory:
            self.probe(directory, "#include <Python.h>\n", MISSING_PYTHON)
            objects = self.probe(directory, PROBE, MISSING_HEADER)
            try:
                # This uses the options with which the modules will be linked.
                self.compiler.link_shared_object(
                    objects, f"{directory}/probe.so", libraries=LIBRARIES[system]
                )
            except LinkError:
                sys.exit(MISSING_LIBRARY)
        super().build_extensions()

    def probe(self, directory, program, complaint):
        source = Path(directory, "probe.c")
        source.write_text(program)
        try:
            return self.compiler.compile(
                [str(source)],
                output_dir="/",
                include_dirs=self.compiler.include_dirs + self.include_dirs,
            )
        except CompileError:
            sys.exit(complaint)


class SourceDistribution(sdist):
    """Includes the whole documentation, all examples and all tests."""

    def make_distribution(self):
        for directory in ("docs", "examples", "tests"):
            self.filelist.extend(
                str(path)
                for path in Path(directory).rglob("*")
                if path.is_file() and "__pycache__" not in path.parts
            )
        self.filelist.remove_duplicates()
        super().make_distribution()


def module(name):
    return Extension(
        f"_sctp.{name}",
        sources=[f"src/{source}.c" for source in SOURCES[name].split()],
        depends=[str(header) for header in sorted(Path("src").glob("*.h"))],
        libraries=LIBRARIES.get(system, []),
        extra_compile_args=["-std=gnu11", "-fvisibility=hidden", "-fno-plt"],
    )


setup(
    ext_modules=[module(name) for name in SOURCES],
    cmdclass={"build_ext": BuildModules, "sdist": SourceDistribution},
)
