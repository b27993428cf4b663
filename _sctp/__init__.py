"""The C modules of the package sctp."""

import typing as _typing

# To type checkers, what programs for PySCTP take from its module of this name is
# an error: sctp.pysctp has it for them.
if not _typing.TYPE_CHECKING:

    def __getattr__(name):
        if name == "getconstant" or name.startswith("have_sctp_"):
            from sctp import pysctp

            return getattr(pysctp, name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
