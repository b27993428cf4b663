"""Make the table, the chart and the file of numbers from what was counted.

The argument is what instructions.py printed. All go to docs/performance.
"""

import json
import os
import platform
import re
import shlex
import statistics
import subprocess
import sys
import sysconfig
from importlib.metadata import distributions
from pathlib import Path

from contestants import BUILT, CASES, CONTESTANTS, MODES, REFERENCE

PAGES = Path(__file__).parent.parent.parent / "docs" / "performance"
SIZE_NAMES = {64: "64 B", 1024: "1 KiB", 16384: "16 KiB"}
TABLES = {"One-to-one": ("one-to-one", "round-trip"), "One-to-many": ("one-to-many",)}
HEADS = {"one-to-one": "Ready", "one-to-many": "Ready", "round-trip": "Round trip"}


def output(*command):
    return subprocess.run(
        command, capture_output=True, text=True, check=True
    ).stdout.strip()


def find_versions(kernel):
    compiler = shlex.split(sysconfig.get_config_var("CC") or "cc")
    libraries = output("ldd", BUILT / "exchange")
    libsctp = Path(re.search(r"=> (\S*libsctp\S*)", libraries)[1]).resolve()
    qemu = output("qemu-system-x86_64", "--version")
    versions = {
        "Linux": kernel,
        "CPython": f"{platform.python_version()} ({platform.python_compiler()})",
        "compiler": " ".join(
            [
                Path(compiler[0]).name,
                output(*compiler, "-dumpfullversion", "-dumpversion"),
            ]
        ),
        "libsctp": libsctp.name.rpartition(".so.")[2],
        "QEMU": re.search(r"version (\S+)", qemu)[1],
    }
    for contestant in CONTESTANTS:
        if contestant.python not in ("", "ours") and not contestant.is_missing():
            paths = (BUILT / contestant.python).glob("lib/python*/site-packages")
            for one in distributions(path=list(map(str, paths))):
                if one.name.lower() == contestant.python:
                    versions[contestant.label] = one.version
    return versions


def summarize(counts):
    """The medians, and the largest difference between the runs."""
    medians = {
        key: {case: round(statistics.median(runs)) for case, runs in cases.items()}
        for key, cases in counts.items()
    }
    spread = max(
        max(runs) / min(runs) - 1
        for cases in counts.values()
        for runs in cases.values()
    )
    return medians, spread


def multiple(medians, contestant, case):
    return f"{medians[contestant.key][case] / medians[REFERENCE][case]:.2f}"


def row(contestant, medians, cases):
    """The cells of a contestant: the cost of each case, and how many times the cost
    of C."""
    counts = medians.get(contestant.key)
    if counts is None:
        return ["not installed"] + [""] * (len(cases) - 1)
    return [
        f"{counts[case]:,} ({multiple(medians, contestant, case)})" for case in cases
    ]


def as_text(medians):
    head = ["", *CASES]
    table = [head, *([one.label, *row(one, medians, CASES)] for one in CONTESTANTS)]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    return "\n".join(
        f"{line[0]:{widths[0]}}"
        + "".join(
            f"  {cell:>{width}}"
            for cell, width in zip(line[1:], widths[1:], strict=True)
        )
        for line in table
    )


def as_page(medians, versions):
    """The tables for the page."""
    lines = [".. Made by tests/benchmarks/run.", ""]
    for title, modes in TABLES.items():
        cases = [f"{mode}:{size}" for mode in modes for size in MODES[mode]]
        head = [
            f"{HEADS[mode]}, {SIZE_NAMES[size]}"
            for mode in modes
            for size in MODES[mode]
        ]
        lines += [f".. list-table:: {title}", "   :header-rows: 1", ""]
        body = [[one.label, *row(one, medians, cases)] for one in CONTESTANTS]
        for cells in [["", *head], *body]:
            lines += [
                f"   {'*' if not place else ' '} - {cell}".rstrip()
                for place, cell in enumerate(cells)
            ]
        lines.append("")
    lines.append("Counted with " + ", ".join(map(" ".join, versions.items())) + ".")
    return "\n".join(lines) + "\n"


# The width of the chart is that of a telephone. On a page of this width, letters have
# their nominal height.
WIDTH, PLOT, LINE, BAR = 368, 262, 17, 14
SERIES = {
    "one-to-one:64": ("ready: one process sends and receives it", "#2f7fd0"),
    "round-trip:64": ("round trip: two processes, two messages", "#d08a20"),
}


def text(x, y, words, attributes=""):
    return f'<text x="{x:.1f}" y="{y}"{attributes}>{words}</text>'


def bar(x, y, width, height, colour):
    return (
        f'<rect x="{x}" y="{y}" width="{width:.1f}" height="{height}" fill="{colour}"/>'
    )


def as_chart(medians):
    """A bar chart for messages of 64 bytes on one-to-one sockets. It uses the text
    colour of the page."""
    there = [one for one in CONTESTANTS if one.key in medians]
    longest = max(medians[one.key][case] for one in there for case in SERIES)
    scale = PLOT / longest
    title = "Cost of a message of 64 bytes, one-to-one sockets"
    parts = [
        text(0, 14, title, ' font-weight="bold"'),
        text(0, 32, "in thousands of instructions; fewer is better"),
    ]
    y = 32
    for label, colour in SERIES.values():
        y += LINE
        parts += [bar(0, y - 10, 11, 11, colour), text(16, y, label)]
    y += 14
    for one in there:
        weight = ' font-weight="bold"' if one.program[0] == "ours.py" else ""
        parts.append(text(0, y + 11, one.label, weight))
        y += LINE
        for case, (_, colour) in SERIES.items():
            count = medians[one.key][case]
            label = f"{count / 1000:.1f} ({multiple(medians, one, case)})"
            parts += [
                bar(0, y, count * scale, BAR, colour),
                text(count * scale + 5, y + 12, label),
            ]
            y += BAR + 1
        y += 8
    y += 10
    parts.append(text(0, y, "In brackets: as a multiple of C, sendmsg and recvmsg."))
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" role="img" fill="currentColor"'
        f' viewBox="0 0 {WIDTH} {y + 6}" style="max-width: 28rem"'
        f' font-family="sans-serif" font-size="13">\n<title>{title}</title>\n'
        + "\n".join(parts)
        + "\n</svg>\n"
    )


def main():
    counted = json.loads(Path(sys.argv[1]).read_text())
    medians, spread = summarize(counted["counts"])
    versions = find_versions(counted["kernel"])
    results = {"versions": versions, "instructions": medians}
    PAGES.mkdir(exist_ok=True)
    (PAGES / "results.json").write_text(json.dumps(results, indent=2) + "\n")
    (PAGES / "table.txt").write_text(as_page(medians, versions))
    (PAGES / "chart.svg").write_text(as_chart(medians))
    print("Instructions per message or round trip (as a multiple of the first):\n")
    print(as_text(medians))
    print(f"\nThe runs differ by {spread:.2%} at most.")
    print(f"Interpreter: {os.path.realpath(sys.executable)}")
    for name, version in versions.items():
        print(f"{name}: {version}")


if __name__ == "__main__":
    main()
