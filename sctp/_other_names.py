"""Names that the package itself lacks: PySCTP's, and those that do not exist."""

import importlib
import sys
from collections.abc import Callable
from functools import cache
from importlib.machinery import PathFinder
from typing import Any

_PYSCTP = f"{__package__}.pysctp"


def _load() -> dict[str, Any]:
    """What PySCTP's module sctp has."""
    module = importlib.import_module(_PYSCTP)
    return {name: getattr(module, name) for name in module.__all__}


_pysctp: Callable[[], dict[str, Any]] = cache(_load)


def _is_module(name: str) -> bool:
    path = sys.modules[__package__].__path__
    return PathFinder.find_spec(f"{__package__}.{name}", path) is not None


def _near(name: str) -> str | None:
    """The public name that may have been meant."""
    from difflib import get_close_matches

    known = {*dir(sys.modules[__package__]), *_pysctp()}
    # All others would take ten times as long, as hasattr() asks, too.
    likely = [n for n in known if n[:1] == name[:1] and abs(len(n) - len(name)) < 3]
    return next(iter(get_close_matches(name, sorted(likely), 1)), None)


def find(name: str) -> Any:
    """What PySCTP's module sctp has under a name, and sctp.pysctp itself; else
    AttributeError, with the name that may have been meant."""
    if name == "pysctp":
        return importlib.import_module(_PYSCTP)
    # What is not yet loaded may be a module, or asked for by Python itself.
    if _PYSCTP in sys.modules or not (name.startswith("_") or _is_module(name)):
        try:
            return _pysctp()[name]
        except KeyError:
            pass
    missing = f"module {__package__!r} has no attribute {name!r}"
    if name.startswith("_") or _is_module(name) or not (near := _near(name)):
        raise AttributeError(missing)
    # With an object, Python would look for a near name once more.
    raise AttributeError(f"{missing}. Did you mean: {near!r}?", name=name, obj=None)
