"""Names that the package itself lacks: PySCTP's, and those that do not exist."""

import importlib
import sys
from importlib.machinery import PathFinder
from typing import Any


def find(name: str) -> Any:
    """What PySCTP's module sctp has under a name; else AttributeError, with the
    name that may have been meant."""
    package = sys.modules[__package__]
    missing = AttributeError(f"module {__package__!r} has no attribute {name!r}")
    module = f"{__package__}.{name}"
    if name.startswith("_") or PathFinder.find_spec(module, package.__path__):
        raise missing  # of Python's own, or a module that is not yet imported
    pysctp = importlib.import_module(".pysctp", __package__)
    if name in pysctp.__all__:
        return getattr(pysctp, name)

    from difflib import get_close_matches

    known = {*dir(package), *pysctp.__all__}
    near = get_close_matches(name, sorted(n for n in known if n[0] != "_"), 1)
    if not near:
        raise missing
    # With an object, Python would look for a near name once more.
    raise AttributeError(f"{missing}. Did you mean: {near[0]!r}?", name=name, obj=None)
