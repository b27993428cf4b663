"""The stubs have the same names as the modules, and each key of each dict class."""

import ast
import importlib
import re
import sys
from itertools import pairwise
from pathlib import Path

import golden_notifications as golden
import pytest

import _sctp
import sctp

C_MODULES = ["_sctp.sctp", "_sctp.sctp_info", "_sctp.sctp_event"]
DICT_CLASSES = [
    cls
    for cls in vars(sctp).values()
    if isinstance(cls, type) and issubclass(cls, dict) and cls is not sctp.sctp_generic
]


def statements(body):
    """The statements of a stub that are valid on this system. Its conditions may
    only ask whether the system is Linux."""
    for statement in body:
        if isinstance(statement, ast.If):
            assert ast.unparse(statement.test) == "sys.platform == 'linux'"
            linux = sys.platform == "linux"
            yield from statements(statement.body if linux else statement.orelse)
        else:
            yield statement


def stub(path):
    return list(statements(ast.parse(path.read_text()).body))


def defined_names(body):
    for statement in body:
        if isinstance(statement, ast.ClassDef | ast.FunctionDef):
            yield statement.name
        elif isinstance(statement, ast.AnnAssign):
            yield statement.target.id


def stub_class(name):
    package = Path(sctp.__file__).parent / "_options.pyi"
    infos = Path(_sctp.__file__).parent / "sctp_info.pyi"
    for statement in stub(package) + stub(infos):
        if isinstance(statement, ast.ClassDef) and statement.name == name:
            return statement
    raise LookupError(f"no class {name} in a stub")


@pytest.mark.parametrize("name", C_MODULES)
def test_stub_has_the_names_of_the_module(name):
    module = importlib.import_module(name)
    path = Path(module.__file__).parent / f"{name.partition('.')[2]}.pyi"
    names = set(defined_names(stub(path)))
    # A private name may exist in the stub only.
    names = {n for n in names if not n.startswith("_") or hasattr(module, n)}
    assert names == {n for n in vars(module) if not n.startswith("__")}


def test_star_imports_what_type_checkers_expect():
    """They cannot evaluate __all__ of the package and of _options. Without it, *
    imports public definitions, and imports like "x as x"."""
    package = Path(sctp.__file__).parent
    expected = {*sctp._enums.__all__, *sctp._notifications.__all__}
    for path in [package / "_options.pyi", *Path(_sctp.__file__).parent.glob("*.pyi")]:
        expected |= set(defined_names(stub(path)))
    for node in ast.walk(ast.parse((package / "__init__.py").read_text())):
        if isinstance(node, ast.ImportFrom):
            expected |= {alias.asname for alias in node.names if alias.asname}
    expected = {name for name in expected if not name.startswith("_")}
    only_by_name = {"AssociationRestarted", "Message", "MessageTooLong"}
    assert expected == {*sctp.__all__} | only_by_name


@pytest.mark.parametrize("cls", DICT_CLASSES, ids=lambda cls: cls.__name__)
def test_stub_has_the_keys_of_the_dict_class(cls):
    (base,) = stub_class(cls.__name__).bases
    literal = base.slice.elts[0]
    keys = getattr(literal.slice, "elts", [literal.slice])
    assert [key.value for key in keys] == list(cls())


@pytest.mark.parametrize(
    "cls",
    [cls for cls in DICT_CLASSES if cls.__module__ == "_sctp.sctp_info"],
    ids=lambda cls: cls.__name__,
)
def test_stub_of_an_info_describes_its_keys(cls):
    """Editors need the stub, because they cannot read C. help() shows the same."""
    docstring = ast.get_docstring(stub_class(cls.__name__))
    assert re.findall(r"^- (\w+) \(", docstring, re.M) == list(cls())
    assert cls.__doc__.split() == docstring.split()


@pytest.mark.parametrize("cls", DICT_CLASSES, ids=lambda cls: cls.__name__)
def test_stub_has_the_keywords_of_the_dict_class(cls):
    (init,) = (
        statement
        for statement in stub_class(cls.__name__).body
        if getattr(statement, "name", None) == "__init__"
    )
    assert [argument.arg for argument in init.args.kwonlyargs] == list(cls())


def literals(node):
    """All strings in the Literals of a statement of a stub."""
    return [
        part.value
        for part in ast.walk(node)
        if isinstance(part, ast.Constant) and isinstance(part.value, str)
    ]


def test_stub_has_the_keys_of_notifications():
    path = Path(_sctp.__file__).parent / "sctp_event.pyi"
    keys = {
        key
        for statement in stub(path)
        if isinstance(statement, ast.AnnAssign)
        and statement.target.id in ("_IntKey", "_BytesKey", "_OtherKey")
        for key in literals(statement.value)
    }
    records = golden.load()[golden.SYSTEM].values()
    found = {key for record in records for key in sctp.parse_notification(record)}
    # The key of FreeBSD's SCTP_NOTIFICATIONS_STOPPED_EVENT.
    assert keys - {"sn_flags"} == found - {"sn_flags"}


def test_stub_has_the_keys_of_what_is_received():
    keys = literals(stub_class("_Received").body[-1])
    assert keys == [*sctp.sctp_rcvinfo(), *sctp.sctp_nxtinfo()]


def test_each_member_of_an_enumeration_has_a_meaning():
    """The docstring below the member is its meaning."""
    for enumeration in stub(Path(sctp.__file__).parent / "_enums.py"):
        if isinstance(enumeration, ast.ClassDef):
            body = list(statements(enumeration.body))
            for member, meaning in pairwise(body):
                if isinstance(member, ast.Assign):
                    name = f"{enumeration.name}.{member.targets[0].id}"
                    assert isinstance(meaning, ast.Expr), name
                    assert meaning.value.value.endswith("."), name


@pytest.mark.parametrize("package", ["sctp", "_sctp"])
def test_packages_are_marked_as_typed(package):
    directory = Path(importlib.import_module(package).__file__).parent
    assert (directory / "py.typed").is_file()
