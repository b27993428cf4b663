"""Makes tables and signatures from the sources. The names of options and fields come
from the C rows, and the signatures come from the stubs.

The meaning and the unit of a field come from the docstring of its class, in
sctp/_options.py or _sctp/sctp_info.pyi. Notifications have no class: their fields are
in docs/reference/fields.txt. The meaning of a constant comes from constants.txt, or
from the member of an enumeration in sctp/_enums.py. If a name of the sources has no
meaning, or a meaning has no name, there is a warning, which is an error of the build.
"""

import ast
import functools
import itertools
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

STUBS = {
    "_sctp.sctp": ROOT / "_sctp" / "sctp.pyi",
    "_sctp.sctp_info": ROOT / "_sctp" / "sctp_info.pyi",
    "_sctp.sctp_event": ROOT / "_sctp" / "sctp_event.pyi",
    "sctp": ROOT / "sctp" / "_options.pyi",
}
# A field in the docstring of a dict class.
FIELD = re.compile(r"- (\w+) \(([\w ]+)(?:, (\w+))?\): ((?:.+\n?)(?:  .+\n?)*)")
OPTIONS = "Options: "
PROPERTIES = "sctp_type", "sock"
# The type in the stubs of the info of a received message, and the type to show.
RECEIVED = "_Received | Any", "sctp_rcvinfo | sctp_nxtinfo | sctp_recvv_rn | None"


NAME = re.compile(
    r"(?<![\w`.*~:/])(?:(?:SCTP|SPP|AF|SOCK|MSG|SHUT)_\w*|SCTPError|"
    r"[A-Z]\w+(?:State|Types?|Cause)|(?:sctp|parse)_\w+(?:\(\))?|(?:\w+_)+\w+(?:\(\))?|socket\.\w+(?:\.\w+)*\(\w*\))(?![\w*`])"
)


class Option(NamedTuple):
    """A row of the option table. If only one system has the option, system names it."""

    name: str
    kind: str
    access: str
    reference: str
    system: str | None

    @property
    def value(self):
        """The value that the option is read or set with."""
        if self.kind in ("sctp_hmacalgo", "sctp_assoc_ids"):
            return "tuple of int"
        if self.kind == "sctp_authchunks":
            return "dict"
        return "int" if self.kind == "int" else f":class:`~sctp.{self.kind}`"

    @property
    def remarks(self):
        yield self.access.replace(", ", " and ")
        if self.reference.startswith("RFC"):
            yield self.reference
        if self.system:
            yield f"{self.system} only"

    def __str__(self):
        return f"({'; '.join([self.value, *self.remarks])}.)"


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


@functools.cache
def read_structures():
    """Returns {structure: its keys in the order of the dict}."""
    structures = {}
    records = re.split(r"\b(?:RECORD|RECORD_OF_TAIL|EVENT)\(", source("records_*"))
    for record in records[1:]:
        # The tail stands before the fields. It has the field of its count.
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


def class_definitions(path):
    for statement in walk(ast.parse(path.read_text()).body):
        if isinstance(statement, ast.ClassDef):
            yield statement


@functools.cache
def read_docstrings():
    """Returns {structure: its docstring}."""
    return {
        definition.name: ast.get_docstring(definition) or ""
        for path in (ROOT / "sctp" / "_options.py", STUBS["_sctp.sctp_info"])
        for definition in class_definitions(path)
        if definition.name.startswith("sctp_")
    }


def read_members():
    """Returns {constant: (its enumeration, the meaning of its member)}."""
    members = {}
    for definition in class_definitions(ROOT / "sctp" / "_enums.py"):
        body = list(walk(definition.body))
        for member, meaning in itertools.pairwise(body):
            if isinstance(member, ast.Assign) and isinstance(
                member.value, ast.Attribute
            ):
                text = " ".join(meaning.value.value.split())
                members[member.value.attr] = (definition.name, text)
    return members


@functools.cache
def read_fields():
    """Returns {key or structure.key: (type, unit, meaning)}."""
    table = {}
    for structure, docstring in read_docstrings().items():
        for key, *columns, meaning in FIELD.findall(docstring):
            text = link_names(" ".join(meaning.split()))
            table[f"{structure}.{key}"] = [*columns, text]
    for line in (REFERENCE / "fields.txt").read_text().splitlines():
        if line.strip() and not line.startswith("#"):
            key, *columns = (column.strip() for column in line.split("|"))
            table[key] = columns
    return table


def read_constants(module):
    """Returns {title: {constant: meaning}} for a module, from constants.txt."""
    groups, current, wanted = {}, None, False
    members = read_members()
    for line in (REFERENCE / "constants.txt").read_text().splitlines():
        if line.startswith("["):
            wanted = line.strip("[]") == module
        elif wanted and line.startswith("= "):
            current = groups.setdefault(line[2:], {})
        elif wanted and "|" in line:
            names, meaning = line.split("|", 1)
            for name in names.split():
                current[name] = meaning.strip()
                if not current[name] and name in members:
                    enumeration, text = members[name]
                    current[name] = f"{link_names(text)} (:class:`~sctp.{enumeration}`)"
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
    methods of _core count as methods of the socket."""
    for module, path in STUBS.items():
        for statement in walk(ast.parse(path.read_text()).body):
            if isinstance(statement, ast.FunctionDef | ast.ClassDef):
                yield f"{module}.{statement.name}", statement
            for member in getattr(statement, "body", []):
                if isinstance(member, ast.FunctionDef):
                    owner = statement.name.replace("_core", "sctp_socket")
                    yield f"{module}.{owner}.{member.name}", member


@functools.cache
def read_signatures():
    """Returns {full name: (arguments, result)} for functions, methods and classes."""
    signatures = {}
    for name, node in definitions():
        if isinstance(node, ast.ClassDef):
            continue
        for arguments in (node.args.posonlyargs, node.args.args):
            if arguments and arguments[0].arg in ("self", "cls"):
                del arguments[0]
                break
        result = None if node.name == "__init__" else ast.unparse(node.returns)
        # The last overload is the most general one. Private names of the stubs lose
        # their underscore.
        signature = tuple(
            re.sub(r"\b_(Any)?(\w+)", r"\2", text.replace(*RECEIVED)) if text else text
            for text in (f"({ast.unparse(node.args)})", result)
        )
        name = name.removesuffix(".__init__")
        signatures[name] = signature
        signatures[name.replace("_sctp.sctp.sctp_socket", "sctp.sctp_socket")] = (
            signature
        )
    return signatures


@functools.cache
def read_targets():
    """Returns {name: role with target} for the names in docstrings."""
    targets = {"sctp_opt_info()": ":meth:`~sctp.sctp_socket.sctp_opt_info`"}
    for module in STUBS:
        for name in names_of_stub(module):
            targets.setdefault(name, f":data:`~{module}.{name}`")
    for name, node in definitions():
        if isinstance(node, ast.ClassDef) and node.name != "sctp_socket":
            targets[node.name] = f":class:`~{name}`"
        elif name.startswith("_sctp.sctp.sctp_socket.sctp_"):
            targets[f"{node.name}()"] = f":meth:`~sctp.sctp_socket.{node.name}`"
        elif node.name == "parse_notification":
            targets[f"{node.name}()"] = f":func:`~{name}`"
    for definition in class_definitions(ROOT / "sctp" / "_enums.py"):
        targets[definition.name] = f":class:`~sctp.{definition.name}`"
    return targets


def link_names(text, own=""):
    """Returns the text with names as links. The own name, and names without a
    target, become literals."""
    return NAME.sub(
        lambda match: (
            f"``{match[0]}``"
            if match[0].rstrip("()") == own
            else read_targets().get(match[0], f"``{match[0]}``")
        ),
        text,
    )


def check_fields(app):
    """Warns of keys that fields.txt has and the rows do not have."""
    known = set()
    for structure, keys in read_structures().items():
        known.update(keys, (f"{structure}.{key}" for key in keys))
    for key in read_fields().keys() - known:
        logger.warning("no structure has %s of fields.txt", key)


class Made(Directive):
    """A directive that makes text and parses it."""

    css = "from-sources"

    def parse(self, lines, **options):
        parent = nodes.section()
        parent.document = self.state.document
        self.state.nested_parse(StringList(lines, __file__), 0, parent, **options)
        return parent.children

    def table(self, *rows):
        """The lines of a table. The first row has the titles."""
        yield from (".. list-table::", "   :header-rows: 1", f"   :class: {self.css}")
        yield ""
        for first, *others in rows:
            yield f"   * - {first}"
            yield from (f"     - {cell}" for cell in others)
        yield ""


class OptionTables(Made):
    """All socket options, in a table for each task."""

    def run(self):
        return self.parse([*self.lines()], match_titles=1)

    def lines(self):
        options = {option.name: option for option in read_options()}
        for title, group in read_constants("_sctp.sctp").items():
            if title.startswith(OPTIONS):
                task = title.removeprefix(OPTIONS)
                yield from (task, "-" * len(task), "")
                rows = [self.row(options.pop(name), group[name]) for name in group]
                yield from self.table(("Option", "What it does", "Value"), *rows)
        for name in options:
            logger.warning("%s is in no table of options", name)

    def row(self, option, meaning):
        name = f":data:`~_sctp.sctp.{option.name}`"
        return name, meaning, f"{option.value} ({'; '.join(option.remarks)})"


class Fields(Made):
    """The keys of a dict class or a notification."""

    required_arguments = 1

    def run(self):
        rows = self.rows(self.arguments[0])
        return self.parse([*self.table(("Key", "Type", "Meaning"), *rows)])

    def rows(self, structure):
        fields = read_fields()
        for key in read_structures()[structure]:
            found = fields.get(f"{structure}.{key}") or fields.get(key)
            if found is None:
                logger.warning("%s of %s is not documented", key, structure)
                continue
            type, unit, meaning = found
            type = read_targets().get(type, type)
            yield f"``{key}``", f"{type}, {unit}" if unit else type, meaning


class Structure(Made):
    """A dict class for options, even if only another system has it."""

    required_arguments = 1

    def run(self):
        return self.parse([*self.lines(self.arguments[0])])

    def lines(self, name):
        arguments, _ = read_signatures()[f"sctp.{name}"]
        base = "dict" if name == "sctp_authkey" else ":class:`sctp_generic`"
        yield from (f".. py:class:: {name}{arguments}", "", f"   Bases: {base}", "")
        text = FIELD.sub("", read_docstrings()[name])
        yield from (f"   {line}" for line in link_names(text, name).splitlines())
        yield from ("", f"   .. fields:: {name}", "")


class SocketMethods(Made):
    """The methods of the C module's socket, which are documented in sctp."""

    def run(self):
        return self.parse([*self.lines()])

    def lines(self):
        for name, (arguments, result) in read_signatures().items():
            owner, _, method = name.rpartition(".")
            if owner == "_sctp.sctp.sctp_socket" and not method.startswith("_"):
                if method in PROPERTIES:
                    yield from (f".. py:property:: {method}", f"   :type: {result}")
                else:
                    yield f".. py:method:: {method}{arguments} -> {result}"
                role = "attr" if method in PROPERTIES else "meth"
                yield from ("   :no-index-entry:", "")
                yield from (f"   See :{role}:`sctp.sctp_socket.{method}`.", "")


class Constants(Made):
    """The constants of a module, by group."""

    required_arguments = 1

    def run(self):
        module = self.arguments[0]
        groups = read_constants(module)
        meanings = {name: group[name] for group in groups.values() for name in group}
        has = set(names_of_stub(module))
        for name in has - meanings.keys():
            logger.warning("%s of %s is not in constants.txt", name, module)
        for name in meanings.keys() - has:
            logger.warning("%s has no constant %s", module, name)
        for name in meanings:
            if not meanings[name]:
                logger.warning("neither constants.txt nor _enums.py explains %s", name)
        return self.parse([*self.entries(groups)], match_titles=1)

    def entries(self, groups):
        options = {option.name: option for option in read_options()}
        for title, constants in groups.items():
            yield from (title, "^" * len(title), "")
            for name, meaning in constants.items():
                if title.startswith(OPTIONS):
                    meaning += f" {options[name]}"
                yield from (f".. py:data:: {name}", "   :type: int", "")
                yield from (f"   {meaning}", "")


def sign(app, what, name, object, options, signature, result):
    """Returns the signature from the stub. A class that a page names with () is shown
    without one."""
    if what not in ("function", "method", "class"):
        return None
    if what == "class" and signature == "()":
        return "", None
    first_line = (object.__doc__ or "").partition("\n")[0]
    if what == "method" and (own := re.fullmatch(r"\w+(\(.*\))", first_line)):
        return own[1], None
    return app.stub_signatures.get(name)


def mark_up(app, what, name, object, options, lines):
    """Removes the signature that a docstring may begin with, and the fields of a
    dict class, which have a table. Makes names links, or at least literals."""
    if lines and re.match(r"\w+\(.*\)$", lines[0]):
        del lines[0]
    own = name.rpartition(".")[2].rstrip("()")
    if own in read_structures():
        lines[:] = FIELD.sub("", "\n".join([*lines, ""])).splitlines()
    lines[:] = [link_names(line, own) for line in lines]


def setup(app):
    app.stub_signatures = read_signatures()
    app.connect("builder-inited", check_fields)
    app.add_directive("option-tables", OptionTables)
    app.add_directive("structure", Structure)
    app.add_directive("socket-methods", SocketMethods)
    app.add_directive("fields", Fields)
    app.add_directive("constants", Constants)
    # This must come before sphinx_autodoc_typehints, because the first answer is used.
    app.connect("autodoc-process-signature", sign, priority=100)
    app.connect("autodoc-process-docstring", mark_up, priority=100)
    return {"parallel_read_safe": True}
