"""Tables and signatures made from the sources: the option table and the fields
of structures from the C rows, signatures from the stubs.

What people need beside (units, meanings) stands in docs/reference/fields.txt
and constants.txt: a name of the sources that is missing there, or the other
way round, is a warning, and so an error of the build.
"""

import ast
import re
from pathlib import Path
from typing import NamedTuple

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


class Option(NamedTuple):
    """A row of the option table; system is the only one that has it."""

    name: str
    kind: str
    access: str
    reference: str
    system: str | None

    @property
    def value(self):
        """What it is read or set with."""
        if self.kind in ("sctp_hmacalgo", "sctp_assoc_ids"):
            return "tuple of int"
        if self.kind == "sctp_authchunks":
            return "dict"
        return "int" if self.kind == "int" else f":class:`~sctp.{self.kind}`"

    def __str__(self):
        only = f", {self.system} only" if self.system else ""
        where = f"{self.reference}; " if self.reference.startswith("RFC") else ""
        return f"({where}{self.value}; {self.access}{only}.)"


def source(pattern):
    return "".join(path.read_text() for path in sorted((ROOT / "src").glob(pattern)))


def read_options():
    access = dict(re.findall(r'#define OPTION_(\w+) "(.*)"', source("*.h")))
    text = source("records_option.c").partition("option records_options[]")[2]
    system = None
    for part in re.finditer(
        r"#ifdef \w+ /\* (?P<system>\w+) \*/|(?P<end>#endif)|"
        r'OPTION\((?P<name>\w+), (?P<kind>\w+), (?P<access>\w+),\s*"(?P<rfc>[^"]+)"',
        text,
    ):
        if part["name"]:
            name, kind, rfc = part.group("name", "kind", "rfc")
            yield Option(name, kind, access[part["access"]], rfc, system)
        else:
            system = part["system"]


def read_structures():
    """{structure: its keys in the order of the dict}."""
    structures = {}
    records = re.split(r"\b(?:RECORD|RECORD_OF_TAIL|EVENT)\(", source("records_*"))
    for record in records[1:]:
        # In front of the fields stands the tail, with the field of its count.
        tail = re.search(r'RECORD_(?:TAIL|LIST)\(\s*"(\w+)"', record)
        for count, kind, name, member in re.findall(
            r'(RECORD_LIST\(\s*"\w+",\s*\S+\s+)?RECORD_FIELD(\w*)\((\w+),\s*(\w+)',
            record,
        ):
            keys = structures.setdefault(name, [])
            if not count:
                keys.append("sn_type" if kind == "_TYPE" else member)
        if tail:
            keys.append(tail[1])
    structures["sctp_default_sndinfo"] = structures["sctp_sndinfo"]
    return structures


def read_fields():
    """{key or structure.key: (type, unit, meaning)} of fields.txt."""
    table = {}
    for line in (REFERENCE / "fields.txt").read_text().splitlines():
        if line.strip() and not line.startswith("#"):
            key, *columns = (column.strip() for column in line.split("|"))
            table[key] = columns
    return table


def read_constants(module):
    """{title: {constant: meaning}} of a module, from constants.txt."""
    groups, current, wanted = {}, None, False
    for line in (REFERENCE / "constants.txt").read_text().splitlines():
        if line.startswith("["):
            wanted = line.strip("[]") == module
        elif wanted and line.startswith("= "):
            current = groups.setdefault(line[2:], {})
        elif wanted and "|" in line:
            names, meaning = line.split("|", 1)
            current.update(dict.fromkeys(names.split(), meaning.strip()))
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


def definitions():
    """Every function, class and method of the stubs, as (full name, node). The
    methods of _core are the socket's."""
    for module, path in STUBS.items():
        for statement in walk(ast.parse(path.read_text()).body):
            if isinstance(statement, ast.FunctionDef | ast.ClassDef):
                yield f"{module}.{statement.name}", statement
            for member in getattr(statement, "body", []):
                if isinstance(member, ast.FunctionDef):
                    owner = statement.name.replace("_core", "sctp_socket")
                    yield f"{module}.{owner}.{member.name}", member


def read_signatures():
    """{full name: (arguments, result)} of functions, methods and classes."""
    signatures = {}
    for name, node in definitions():
        if isinstance(node, ast.ClassDef):
            continue
        for arguments in (node.args.posonlyargs, node.args.args):
            if arguments and arguments[0].arg in ("self", "cls"):
                del arguments[0]
                break
        result = None if node.name == "__init__" else ast.unparse(node.returns)
        # Of overloads, the most general comes last; what is private to the
        # stubs loses its mark.
        signatures[name.removesuffix(".__init__")] = tuple(
            re.sub(r"\b_(Any)?(\w+)", r"\2", text) if text else text
            for text in (f"({ast.unparse(node.args)})", result)
        )
    return signatures


def read_targets():
    """{name: role with target} of what docstrings mention."""
    targets = {"sctp_opt_info()": ":meth:`~sctp.sctp_socket.sctp_opt_info`"}
    for module in STUBS:
        for name in names_of_stub(module):
            targets.setdefault(name, f":data:`~{module}.{name}`")
    for name, node in definitions():
        if isinstance(node, ast.ClassDef) and node.name != "sctp_socket":
            targets[node.name] = f":class:`~{name}`"
        elif name.startswith("_sctp.sctp.sctp_socket.sctp_"):
            targets[f"{node.name}()"] = f":meth:`~{name}`"
        elif node.name == "parse_notification":
            targets[f"{node.name}()"] = f":func:`~{name}`"
    return targets


def check_fields(app):
    """Warns of what fields.txt has and the rows do not."""
    known = set()
    for structure, keys in read_structures().items():
        known.update(keys, (f"{structure}.{key}" for key in keys))
    for key in read_fields().keys() - known:
        logger.warning("no structure has %s of fields.txt", key)


class Made(Directive):
    """A directive that parses what it makes."""

    def parse(self, lines, **options):
        parent = nodes.section()
        parent.document = self.state.document
        self.state.nested_parse(StringList(lines, __file__), 0, parent, **options)
        return parent.children

    def table(self, *rows):
        lines = [".. list-table::", "   :header-rows: 1", "   :class: from-sources", ""]
        for first, *others in rows:
            lines.append(f"   * - {first}")
            lines += [f"     - {cell}" for cell in others]
        return self.parse(lines)


class OptionTable(Made):
    """Every socket option."""

    def run(self):
        titles = ("Option", "Defined in", "Value", "Access", "Linux", "FreeBSD")
        return self.table(titles, *self.rows())

    def rows(self):
        for option in read_options():
            name = f":data:`~_sctp.sctp.{option.name}`"
            systems = SYSTEMS[option.system]
            yield name, option.reference, option.value, option.access, *systems


class Fields(Made):
    """The keys of a dict class or a notification."""

    required_arguments = 1

    def run(self):
        titles = ("Key", "Type", "Byte order", "Unit", "Meaning")
        return self.table(titles, *self.rows(self.arguments[0]))

    def rows(self, structure):
        fields = read_fields()
        for key in read_structures()[structure]:
            found = fields.get(f"{structure}.{key}") or fields.get(key)
            if found is None:
                logger.warning("%s of %s is not in fields.txt", key, structure)
                continue
            type, unit, meaning = found
            order = "host" if type in TYPES and type != "u8" else ""
            if key.endswith("_ppid"):
                order = "**as on the wire**"
            yield f"``{key}``", TYPES.get(type, type), order, unit, meaning


class Constants(Made):
    """The constants of a module, by group."""

    required_arguments = 1

    def run(self):
        module = self.arguments[0]
        groups = read_constants(module)
        has, described = (
            set(names_of_stub(module)),
            {n for g in groups.values() for n in g},
        )
        for name in has - described:
            logger.warning("%s of %s is not in constants.txt", name, module)
        for name in described - has:
            logger.warning("%s has no constant %s", module, name)
        return self.parse([*self.entries(groups)], match_titles=1)

    def entries(self, groups):
        options = {option.name: option for option in read_options()}
        for title, constants in groups.items():
            yield from (title, "^" * len(title), "")
            for name, meaning in constants.items():
                if title == "Socket options":
                    meaning += f" {options[name]}"
                yield from (f".. py:data:: {name}", "   :type: int", "")
                yield from (f"   {meaning}", "")


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
    app.connect("builder-inited", check_fields)
    app.add_directive("option-table", OptionTable)
    app.add_directive("fields", Fields)
    app.add_directive("constants", Constants)
    # Before sphinx_autodoc_typehints, as the first answer counts.
    app.connect("autodoc-process-signature", sign, priority=100)
    app.connect("autodoc-process-docstring", mark_up, priority=100)
    return {"parallel_read_safe": True}
