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

from contestants import BUILT, CASES, CONTESTANTS, MODES, REFERENCE, SIZES

PAGES = Path(__file__).parent.parent.parent / "docs" / "performance"
SIZE_NAMES = {64: "64 B", 1024: "1 KiB", 16384: "16 KiB"}


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
    """The medians, and by how much the runs differ at most."""
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


def rows(medians):
    """The table: a label, and a cell for each case."""
    for contestant in CONTESTANTS:
        counts = medians.get(contestant.key)
        if counts is None:
            yield contestant.label, ["not installed"] + [""] * (len(CASES) - 1)
        else:
            yield (
                contestant.label,
                [
                    f"{counts[case]:,} ({counts[case] / medians[REFERENCE][case]:.2f})"
                    for case in CASES
                ],
            )


def as_text(medians):
    head = ["", *(f"{mode} {SIZE_NAMES[size]}" for mode in MODES for size in SIZES)]
    table = [head, *([label, *cells] for label, cells in rows(medians))]
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
    """The tables of the page, one for each mode."""
    lines = [".. Made by tests/benchmarks/run.", ""]
    for number, mode in enumerate(MODES):
        lines += [f".. list-table:: {mode.capitalize()}", "   :header-rows: 1", ""]
        some = slice(number * len(SIZES), (number + 1) * len(SIZES))
        head = ["", *SIZE_NAMES.values()]
        for label, *cells in [head, *([label, *c[some]] for label, c in rows(medians))]:
            lines += [
                f"   {'*' if not place else ' '} - {cell}".rstrip()
                for place, cell in enumerate([label, *cells])
            ]
        lines.append("")
    lines.append("Counted with " + ", ".join(map(" ".join, versions.items())) + ".")
    return "\n".join(lines) + "\n"


ROW, BAR, LABELS, SCALE = 20, 13, 270, 360
COLOURS = {"exchange": "#8a8f98", "ours.py": "#2f7fd0"}


def as_chart(medians):
    """A bar chart of one-to-one sockets, in the colours of the page around it."""
    there = [one for one in CONTESTANTS if one.key in medians]
    mode = MODES[0]
    longest = max(medians[one.key][case] for one in there for case in CASES)
    parts, y = [], 0
    for size in SIZES:
        y += 22
        parts.append(
            f'<text x="0" y="{y}" font-weight="bold">{SIZE_NAMES[size]}</text>'
        )
        y += 8
        top = y
        base = medians[REFERENCE][f"{mode}:{size}"]
        for one in there:
            count = medians[one.key][f"{mode}:{size}"]
            width = count / longest * SCALE
            fill = COLOURS.get(one.program[0], "#c98a2b")
            parts += [
                f'<text x="{LABELS - 8}" y="{y + BAR - 2}" text-anchor="end">'
                f"{one.label}</text>",
                f'<rect x="{LABELS}" y="{y}" width="{width:.1f}" height="{BAR}"'
                f' fill="{fill}"/>',
                f'<text x="{LABELS + width + 6:.1f}" y="{y + BAR - 2}">{count:,}'
                f" ({count / base:.2f})</text>",
            ]
            y += ROW
        line = LABELS + base / longest * SCALE
        parts.append(
            f'<path d="M{line:.1f} {top - 4}V{y - 3}" stroke="currentColor"'
            ' stroke-dasharray="3 3" opacity="0.6"/>'
        )
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" role="img" fill="currentColor"'
        f' viewBox="0 0 {LABELS + SCALE + 110} {y + 4}" font-family="sans-serif"'
        ' font-size="12">\n<title>Instructions per message on one-to-one sockets'
        "</title>\n" + "\n".join(parts) + "\n</svg>\n"
    )


def main():
    counted = json.loads(Path(sys.argv[1]).read_text())
    medians, spread = summarize(counted["counts"])
    versions = find_versions(counted["kernel"])
    results = {"versions": versions, "instructions per message": medians}
    PAGES.mkdir(exist_ok=True)
    (PAGES / "results.json").write_text(json.dumps(results, indent=2) + "\n")
    (PAGES / "table.txt").write_text(as_page(medians, versions))
    (PAGES / "chart.svg").write_text(as_chart(medians))
    print("Instructions per message (as a multiple of the first):\n")
    print(as_text(medians))
    print(f"\nThe runs differ by {spread:.2%} at most.")
    print(f"Interpreter: {os.path.realpath(sys.executable)}")
    for name, version in versions.items():
        print(f"{name}: {version}")


if __name__ == "__main__":
    main()
