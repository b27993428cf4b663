"""Tables and signatures made from the sources: the option table and the fields
of structures from the C rows, signatures from the stubs.

What people need beside (units, meanings) stands in docs/reference/fields.txt
and constants.txt: a name of the sources that is missing there, or the other
way round, is a warning, and so an error of the build.
"""

import ast
import re
from pathlib import Path

from docutils import nodes
from docutils.parsers.rst import Directive
from docutils.statemachine import StringList
from sphinx.util import logging

ROOT = Path(__file__).parent.parent.parent
REFERENCE = ROOT / "docs" / "reference"
logger = logging.getLogger(__name__)

SYSTEMS = {"Linux": ("yes", "--"), "FreeBSD": ("--", "yes"), None: ("yes", "yes")}
TYPES = {
    "u8": "0..255",
    "u16": "16 bits",
    "u32": "32 bits",
    "u64": "64 bits",
    "i32": "32 bits, signed",
    "id": "association",
}
STUBS = {
    "_sctp.sctp": ROOT / "_sctp" / "sctp.pyi",
    "_sctp.sctp_info": ROOT / "_sctp" / "sctp_info.pyi",
    "_sctp.sctp_event": ROOT / "_sctp" / "sctp_event.pyi",
    "sctp": ROOT / "sctp" / "_options.pyi",
}


def read_options():
    """The rows of the option table as (name, structure, access, reference,
    system); access as people say it."""
    text = (ROOT / "src" / "records_option.c").read_text()
    text = text[text.index("const option records_options[]") :]
    access = dict(re.findall(r'#define OPTION_(\w+) "(.*)"', header_text()))
    system = None
    for part in re.finditer(
        r"#ifdef \w+ /\* (?P<system>\w+) \*/|(?P<end>#endif)|"
        r'OPTION\((?P<name>\w+), (?P<kind>\w+), (?P<access>\w+),\s*"(?P<ref>[^"]+)"',
        text,
    ):
        if part["system"] or part["end"]:
            system = part["system"]
        else:
            yield (
                part["name"],
                part["kind"],
                access[part["access"]],
                part["ref"],
                system,
            )


def header_text():
    return (ROOT / "src" / "records_option.h").read_text()


def read_fields(structure):
    """The keys of a structure, in the order of the dict."""
    text = "".join(path.read_text() for path in (ROOT / "src").glob("records_*.c"))
    name = {"sctp_default_sndinfo": "sctp_sndinfo"}.get(structure, structure)
    keys = []
    rows = re.search(rf"record_field {name}_fields\[\] = {{(.*?)\n}};", text, re.S)
    for row in re.finditer(
        r'RECORD_FIELD\w*\(\w+,\s*(?:"(\w+)",\s*)?(\w+)', rows[1] if rows else ""
    ):
        keys.append(row[1] or row[2])
    tail = re.search(rf'record_tail {name}_tail = {{\s*"(\w+)"', text)
    return keys + ([tail[1]] if tail else [])


def read_table(name):
    """The lines of a text file of ours: name, columns divided by |."""
    table = {}
    for line in (REFERENCE / name).read_text().splitlines():
        if line.strip() and not line.startswith("#"):
            key, *columns = (column.strip() for column in line.split("|"))
            table[key] = columns
    return table


class TableDirective(Directive):
    """A directive that makes a table of reStructuredText in its cells."""

    required_arguments = 0
    optional_arguments = 1

    def run(self):
        lines = [".. list-table::", "   :header-rows: 1", "   :class: from-sources", ""]
        for row in [self.titles, *self.rows()]:
            for number, cell in enumerate(row):
                lines.append(f"   {'* -' if number == 0 else '  -'} {cell}")
        container = nodes.container()
        self.state.nested_parse(StringList(lines, __file__), 0, container)
        return container.children


def value_of(kind):
    """What an option is read or set with."""
    if kind in ("sctp_hmacalgo", "sctp_assoc_ids"):
        return "tuple of int"
    return {"int": "int", "sctp_authchunks": "dict"}.get(kind, f":class:`~sctp.{kind}`")


def describe_option(name, kind, access, reference, system):
    only = f", {system} only" if system else ""
    where = f"{reference}; " if reference.startswith("RFC") else ""
    return f"({where}{value_of(kind)}; {access}{only}.)"


class OptionTable(TableDirective):
    """Every socket option."""

    titles = ("Option", "Defined in", "Value", "Access", "Linux", "FreeBSD")

    def rows(self):
        for name, kind, access, reference, system in read_options():
            yield (
                f":data:`~_sctp.sctp.{name}`",
                reference,
                value_of(kind),
                access,
                *SYSTEMS[system],
            )


class Fields(TableDirective):
    """The keys of a dict class or a notification."""

    titles = ("Key", "Type", "Byte order", "Unit", "Meaning")

    def rows(self):
        (structure,) = self.arguments
        known = read_table("fields.txt")
        keys = read_fields(structure)
        if not keys:
            logger.warning("no structure %s in the C rows", structure)
        for key in keys:
            if key not in known and f"{structure}.{key}" not in known:
                logger.warning("%s of %s is not in fields.txt", key, structure)
                continue
            type, unit, meaning = known.get(f"{structure}.{key}") or known[key]
            order = "host" if type in TYPES and type != "u8" else ""
            if key.endswith("_ppid"):
                order = "**as on the wire**"
            yield f"``{key}``", TYPES.get(type, type), order, unit, meaning


class Constants(Directive):
    """Constants of a module, by group: the groups of constants.txt."""

    required_arguments = 1

    def run(self):
        module = self.arguments[0]
        known = set(names_of_stub(module))
        lines = []
        options = {option[0]: option for option in read_options()}
        for group, constants in read_groups(module).items():
            lines += [group, "^" * len(group), ""]
            for name, meaning in constants.items():
                if name not in known:
                    logger.warning("%s has no constant %s", module, name)
                known.discard(name)
                if name in options and group == "Socket options":
                    meaning += f" {describe_option(*options[name])}"
                lines += [
                    f".. py:data:: {name}",
                    "   :type: int",
                    "",
                    f"   {meaning}",
                    "",
                ]
        for name in sorted(known):
            logger.warning("%s of %s is not in constants.txt", name, module)
        container = nodes.section()
        container.document = self.state.document
        self.state.nested_parse(
            StringList(lines, __file__), 0, container, match_titles=1
        )
        return container.children


def read_groups(module):
    """{title: {constant: meaning}} of a module."""
    groups, current = {}, None
    wanted = False
    for line in (REFERENCE / "constants.txt").read_text().splitlines():
        if line.startswith("["):
            wanted = line.strip("[]") == module
        elif line.startswith("= ") and wanted:
            current = groups.setdefault(line[2:], {})
        elif "|" in line and wanted:
            name, meaning = line.split("|", 1)
            for part in name.split():
                current[part] = meaning.strip()
    return groups


def walk(body):
    """The statements of a stub for either system."""
    for statement in body:
        if isinstance(statement, ast.If):
            yield from walk(statement.body)
            yield from walk(statement.orelse)
        else:
            yield statement


def names_of_stub(module):
    for statement in walk(ast.parse(STUBS[module].read_text()).body):
        if isinstance(statement, ast.AnnAssign) and "Final[int]" in ast.unparse(
            statement.annotation
        ):
            yield statement.target.id


def read_signatures():
    """{full name: (arguments, result)} of functions, methods and classes."""
    found = {}

    def add(name, function):
        arguments = function.args
        for list in (arguments.posonlyargs, arguments.args):
            if list and list[0].arg in ("self", "cls"):
                del list[0]
                break
        result = None if function.name == "__init__" else ast.unparse(function.returns)
        # Of overloads, the most general comes last.
        found[name] = tuple(
            re.sub(r"\b_(Any)?(\w+)", r"\2", text) if text else text
            for text in (f"({ast.unparse(arguments)})", result)
        )

    for module, path in STUBS.items():
        for statement in walk(ast.parse(path.read_text()).body):
            if isinstance(statement, ast.FunctionDef):
                add(f"{module}.{statement.name}", statement)
            elif isinstance(statement, ast.ClassDef):
                for member in statement.body:
                    if isinstance(member, ast.FunctionDef):
                        name = f"{module}.{statement.name}"
                        if member.name != "__init__":
                            name += f".{member.name}"
                        add(name, member)
    return found


def read_targets():
    """{name: role with target} of what docstrings mention."""
    targets = {}
    for module, path in STUBS.items():
        for name in names_of_stub(module):
            targets.setdefault(name, f":data:`~{module}.{name}`")
        for statement in walk(ast.parse(path.read_text()).body):
            if isinstance(statement, ast.ClassDef) and statement.name != "sctp_socket":
                targets.setdefault(
                    statement.name, f":class:`~{module}.{statement.name}`"
                )
            members = getattr(statement, "body", [statement])
            for member in members if isinstance(statement, ast.ClassDef) else []:
                if isinstance(member, ast.FunctionDef) and "sctp" in member.name:
                    target = f":meth:`~{module}.{statement.name}.{member.name}`"
                    targets[f"{member.name}()"] = target
    targets["parse_notification()"] = ":func:`~_sctp.sctp_event.parse_notification`"
    targets["sctp_opt_info()"] = ":meth:`~sctp.sctp_socket.sctp_opt_info`"
    return targets


def sign(app, what, name, object, options, signature, result):
    """The signature of what a stub describes."""
    if what not in ("function", "method", "class"):
        return None
    first_line = (object.__doc__ or "").partition("\n")[0]
    if what == "method" and (own := re.fullmatch(r"\w+(\(.*\))", first_line)):
        return own[1], None
    return app.stub_signatures.get(name)


NAME = re.compile(
    r"(?<![\w`.*~:/])(?:(?:SCTP|SPP|AF|SOCK|MSG|SHUT)_\w*|SCTPError|"
    r"(?:sctp|parse)_\w+(?:\(\))?|(?:\w+_)+\w+(?:\(\))?|socket\.\w+(?:\.\w+)*\(\))(?![\w*`])"
)


def mark_up(app, what, name, object, options, lines):
    """Without the signature that a docstring may begin with, and with names as
    links, or literal at least."""
    if lines and re.match(r"\w+\(.*\)$", lines[0]):
        del lines[0]
    own = name.rpartition(".")[2].rstrip("()")
    for number, line in enumerate(lines):
        lines[number] = NAME.sub(
            lambda match: (
                f"``{match[0]}``"
                if match[0].rstrip("()") == own
                else app.targets.get(match[0], f"``{match[0]}``")
            ),
            line,
        )


def setup(app):
    app.stub_signatures = read_signatures()
    app.targets = read_targets()
    app.add_directive("option-table", OptionTable)
    app.add_directive("fields", Fields)
    app.add_directive("constants", Constants)
    # Before sphinx_autodoc_typehints, as the first answer counts.
    app.connect("autodoc-process-signature", sign, priority=100)
    app.connect("autodoc-process-docstring", mark_up, priority=100)
    return {"parallel_read_safe": True}
