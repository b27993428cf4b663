"""The C modules of the package sctp."""

import typing as _typing

# PySCTP has a module of this name. Programs written for it find its functions here.
# Type checkers do not see them: to them they exist in sctp.pysctp only.
if not _typing.TYPE_CHECKING:

    def __getattr__(name):
        if name == "getconstant" or name.startswith("have_sctp_"):
            from sctp import pysctp

            return getattr(pysctp, name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
