"""The classes that hold several infos: sctp_sendv_spa and sctp_recvv_rn.

Each module object of _sctp.sctp_info has classes of its own, for the infos and for
these two.
"""

from collections.abc import Iterable
from types import ModuleType
from typing import Any, ClassVar


class _Holder:
    __slots__ = ()

    # The name in errors, and the slot for each info. __new__ leaves the slots empty.
    _holder: ClassVar[str]
    _slots: ClassVar[dict[type, str]]

    def __init__(self, infos: Iterable[Any] = ()) -> None:
        found: dict[str, Any] = {}
        for info in infos:
            slot = self._slots.get(type(info)) or self._find_slot(info)
            if slot in found:
                raise ValueError(f"{self._holder}: more than one {slot[1:]}")
            found[slot] = info
        for slot in self._slots.values():
            setattr(self, slot, found.get(slot))

    def _find_slot(self, info: object) -> str:
        for cls, slot in self._slots.items():
            if issubclass(type(info), cls):
                return slot
        raise TypeError(f"{self._holder}: infos cannot contain a {type(info).__name__}")

    def _as_dict(self) -> dict[str, Any]:
        return {slot[1:]: getattr(self, slot, None) for slot in self._slots.values()}

    def __repr__(self) -> str:
        return repr(self._as_dict())

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, _Holder) or type(other) is not type(self):
            return NotImplemented
        return self._as_dict() == other._as_dict()

    __hash__ = None  # type: ignore[assignment]

    def __reduce__(self) -> tuple[Any, ...]:
        infos = [info for info in self._as_dict().values() if info is not None]
        state = self.__getstate__()
        if isinstance(state, tuple):  # it includes the slots, where the infos are
            own = self._slots.values()
            slots = {name: state[1][name] for name in state[1] if name not in own}
            state = (state[0], slots) if slots else state[0]
        return type(self), (infos,), state


def _make_member(holder: str, member: str, cls: type) -> property:
    slot = f"_{member}"

    def refuse(what: str) -> None:
        raise TypeError(
            f"{holder}: {member} must be a {cls.__name__} or None, not {what}"
        )

    def set_info(self: object, value: object) -> None:
        if value is not None and not issubclass(type(value), cls):
            refuse(type(value).__name__)
        setattr(self, slot, value)

    return property(
        lambda self: getattr(self, slot, None),
        set_info,
        lambda self: refuse("deleted"),
        f"The {cls.__name__}, or None.",
    )


def _add_holder(module: ModuleType, holder: str, doc: str, *members: str) -> None:
    classes = [getattr(module, f"sctp_{member}") for member in members]
    slots = tuple(f"_{member}" for member in members)
    contents: dict[str, Any] = {
        "__doc__": doc,
        "__module__": module.__name__,
        "__slots__": slots,
        "_holder": holder,
        "_slots": dict(zip(classes, slots, strict=True)),
    }
    for member, cls in zip(members, classes, strict=True):
        contents[member] = _make_member(holder, member, cls)
    setattr(module, holder, type(holder, (_Holder,), contents))


def add_to(module: ModuleType) -> None:
    """Adds both classes. C calls it when the module has its infos."""
    _add_holder(
        module,
        "sctp_sendv_spa",
        "Several infos for one message that is sent (RFC 6458, section 9.12):\n"
        "at most one sctp_sndinfo, one sctp_prinfo and one sctp_authinfo.",
        *("sndinfo", "prinfo", "authinfo"),
    )
    _add_holder(
        module,
        "sctp_recvv_rn",
        "The infos of a received message (RFC 6458, section 9.13): at most\n"
        "one sctp_rcvinfo and one sctp_nxtinfo.",
        *("rcvinfo", "nxtinfo"),
    )
