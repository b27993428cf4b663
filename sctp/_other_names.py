"""Finds names that the package itself does not have: those of PySCTP. For others it
suggests a similar name."""

import importlib
import sys
from collections.abc import Callable
from functools import cache
from importlib.machinery import PathFinder
from typing import Any

_PYSCTP = f"{__package__}.pysctp"


def _load() -> dict[str, Any]:
    """Returns the names of PySCTP's module sctp."""
    module = importlib.import_module(_PYSCTP)
    return {name: getattr(module, name) for name in module.__all__}


_pysctp: Callable[[], dict[str, Any]] = cache(_load)


def _is_module(name: str) -> bool:
    path = sys.modules[__package__].__path__
    return PathFinder.find_spec(f"{__package__}.{name}", path) is not None


def _near(name: str) -> str | None:
    """Returns the public name that is most similar."""
    from difflib import get_close_matches

    known = {*dir(sys.modules[__package__]), *_pysctp()}
    # hasattr() comes here too. To compare all names would take ten times as long.
    likely = [n for n in known if n[:1] == name[:1] and abs(len(n) - len(name)) < 3]
    return next(iter(get_close_matches(name, sorted(likely), 1)), None)


def find(name: str) -> Any:
    """Returns what the name means in PySCTP's module sctp, or sctp.pysctp itself.
    Otherwise raises AttributeError, with a similar name."""
    if name == "pysctp":
        return importlib.import_module(_PYSCTP)
    # PySCTP's names are loaded only if the name is not that of a submodule, and not
    # one that Python itself asks for.
    if _PYSCTP in sys.modules or not (name.startswith("_") or _is_module(name)):
        try:
            return _pysctp()[name]
        except KeyError:
            pass
    missing = f"module {__package__!r} has no attribute {name!r}"
    if name.startswith("_") or _is_module(name) or not (near := _near(name)):
        raise AttributeError(missing)
    # If obj had the module, Python would search for a similar name again.
    raise AttributeError(f"{missing}. Did you mean: {near!r}?", name=name, obj=None)
