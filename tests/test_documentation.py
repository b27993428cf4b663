"""Every code block of the documentation and the README does what the page shows."""

import doctest
import os
import re
import signal
import subprocess
import sys
import textwrap
import threading
import time
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from socket import AF_INET, SOCK_STREAM

import pytest

import sctp

REPOSITORY = Path(__file__).parent.parent
PAGES = sorted(
    [
        REPOSITORY / "README.rst",
        *REPOSITORY.glob("docs/*.rst"),
        *REPOSITORY.glob("docs/[a-z]*/*.rst"),
    ]
)
BLOCK = re.compile(
    r"^( *)\.\. code-block:: (\w+)\n(?:\1 +:.*\n)*\n((?:\1 +.*\n|\n)+)", re.M
)
LANGUAGES = {"pycon", "python", "console", "text"}
PATIENCE = 20
# If one of them could not be installed, the rest of the page is run.
EVENT_LOOPS = {"anyio", "gevent", "trio", "uvloop"}
# Commands that other checks run, or that the kernel of the tests does not need.
ELSEWHERE = re.compile(
    r"pip install|(examples|tests)/(run|kernel)\.sh|tests/(benchmarks|fuzz)/run"
    r"|sphinx-build|modprobe"
)

# The parts that differ from run to run: identifiers, ports that the kernel chooses,
# TSNs, measurements of paths, versions.
ELIDED = [
    (re.compile(r"(?<=assoc_id': )\d+|(?<=ssociation )\d+"), "N"),
    (re.compile(r"(?<=', )\d{5}(?=[,)])|(?<=port )\d{5}\b"), "N"),
    (re.compile(r"(?<=(?:_tsn|srtt|_rto|cwnd)': )\d+|(?<=tsn=)\d+"), "N"),
    (re.compile(r"\d+\.\d+\.\d+(?:-\S+)?(?=[,.\n])"), "N.N.N"),
    (re.compile(r"(?<=mem_max = )\d+"), "N"),
]


def elided(text):
    for pattern, replacement in ELIDED:
        text = pattern.sub(replacement, text)
    return text


class Checker(doctest.OutputChecker):
    def check_output(self, want, got, flags):
        return super().check_output(elided(want), elided(got), flags)


FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


def blocks(page):
    """The code blocks of a page as (language, text, line)."""
    text = page.read_text()
    for match in BLOCK.finditer(text):
        line = text.count("\n", 0, match.start(3)) + 1
        yield match[2], textwrap.dedent(match[3]), line


@contextmanager
def patience():
    """Ends a system call that waits too long."""

    def give_up(number, frame):
        raise TimeoutError(f"nothing happened for {PATIENCE} s")

    before = signal.signal(signal.SIGALRM, give_up)
    signal.alarm(PATIENCE)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def imports(text):
    """The packages that the code blocks of the event loops import."""
    for names in re.findall(r"^>>> import (.*)", text, re.M):
        yield from (name for name in names.split(", ") if name in EVENT_LOOPS)


def run_session(page, session, line, names):
    """A session with the interpreter. It continues the earlier sessions of the page."""
    test = doctest.DocTestParser().get_doctest(
        session, names, page.name, str(page), line - 1
    )
    runner = doctest.DocTestRunner(checker=Checker(), verbose=False, optionflags=FLAGS)
    report = []
    with patience():
        runner.run(test, out=report.append, clear_globs=False)
    names.update(test.globs)
    assert not runner.failures, "".join(report)


def run_program(program):
    """A program. If it listens on port 20000, it gets a message."""
    process = subprocess.Popen(
        [sys.executable, "-c", program],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    visitor = threading.Thread(target=visit, args=[process])
    visitor.start()
    try:
        with patience():
            output = process.stdout.readline()
        assert output.strip() and "Traceback" not in output, process.stdout.read()
    finally:
        process.terminate()
        process.communicate()
        visitor.join()


def visit(process):
    deadline = time.monotonic() + PATIENCE
    while process.poll() is None and time.monotonic() < deadline:
        with sctp.sctp_socket(AF_INET, SOCK_STREAM) as sock:
            try:
                sock.connect(("127.0.0.1", 20000))
                sock.sctp_sendv([b"Hello"])
                return
            except OSError:
                time.sleep(0.05)


def run_commands(text):
    """Commands after $ or #, each with the output that the page shows."""
    environment = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}:{os.defpath}:/usr/sbin:/sbin",
    }
    for command, shown in re.findall(r"^[$#] (.*)\n((?:(?![$#] ).*\n)*)", text, re.M):
        if ELSEWHERE.search(command):
            continue
        result = subprocess.run(
            ["sh", "-c", command],
            capture_output=True,
            text=True,
            cwd=REPOSITORY,
            env=environment,
            timeout=PATIENCE,
        )
        assert result.returncode == 0, f"{command}: {result.stderr}"
        if shown.strip():
            got = result.stdout
            assert Checker().check_output(shown, got, FLAGS), f"{command}:\n{got}"


def test_copy_buttons_take_what_is_typed():
    """The script's expressions mean the same to Python."""
    script = (REPOSITORY / "docs" / "_static" / "pages.js").read_text()
    session, _, prompt = (
        re.compile(pattern, re.M) for pattern in re.findall(r" /(\^.*?)/gm", script)
    )
    texts = [
        text for page in PAGES for kind, text, _ in blocks(page) if kind == "pycon"
    ]
    for text in texts:
        copied = [prompt.sub("", entry[0]) for entry in session.finditer(text)]
        examples = doctest.DocTestParser().get_examples(text)
        assert copied == [example.source.rstrip() for example in examples]
    assert texts


@pytest.mark.kernel
@pytest.mark.linux  # the pages show its output
@pytest.mark.parametrize(
    "page", PAGES, ids=lambda page: str(page.relative_to(REPOSITORY))
)
def test_code_of_the_page(page):
    names = {"__name__": page.stem}
    missing = set()
    try:
        for language, text, line in blocks(page):
            if lacks := {name for name in imports(text) if not find_spec(name)}:
                missing |= lacks
            elif language == "pycon":
                run_session(page, text, line, names)
            elif language == "python":
                run_program(text)
            elif language == "console":
                run_commands(text)
    finally:
        for value in names.values():
            if isinstance(value, sctp.sctp_socket):
                value.close()
    if missing:
        pytest.skip(f"all but the blocks with {', '.join(sorted(missing))} were run")


@pytest.mark.parametrize(
    "page", PAGES, ids=lambda page: str(page.relative_to(REPOSITORY))
)
def test_no_code_of_the_page_goes_untested(page):
    """Text in a fixed width must be marked as 'text'. A literal block could be code."""
    text = page.read_text()
    assert {language for language, *_ in blocks(page)} <= LANGUAGES
    assert len(re.findall(r"^ *\.\. code-block::", text, re.M)) == len(
        list(blocks(page))
    )
    outside = BLOCK.sub("", text)
    assert not re.search(r"^(?! *\.\.).*::\n\n +\S", outside, re.M)
    assert ">>>" not in outside
