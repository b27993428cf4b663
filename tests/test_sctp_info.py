"""The module _sctp.sctp_info: the infos as Python objects."""

import copy
import gc
import inspect
import itertools
import pickle
import re
import sys
import weakref

import pytest
import system

from _sctp import sctp_info
from sctp import (
    SCTP_PR_SCTP_NONE,
    SCTP_PR_SCTP_PRIO,
    SCTP_PR_SCTP_RTX,
    SCTP_PR_SCTP_TTL,
    sctp_authinfo,
    sctp_nxtinfo,
    sctp_prinfo,
    sctp_rcvinfo,
    sctp_recvv_rn,
    sctp_sendv_spa,
    sctp_sndinfo,
)

U16 = (0, 2**16 - 1)
U32 = (0, 2**32 - 1)
ASSOC_ID = system.ASSOC_IDS
POLICIES = (SCTP_PR_SCTP_NONE, SCTP_PR_SCTP_TTL, SCTP_PR_SCTP_RTX, SCTP_PR_SCTP_PRIO)

FIELDS = {
    sctp_sndinfo: {
        "snd_sid": U16,
        "snd_flags": U16,
        "snd_ppid": U32,
        "snd_context": U32,
        "snd_assoc_id": ASSOC_ID,
    },
    sctp_prinfo: {
        "pr_policy": (min(POLICIES), max(POLICIES)),
        "pr_value": U32,
    },
    sctp_authinfo: {
        "auth_keynumber": U16,
    },
    sctp_rcvinfo: {
        "rcv_sid": U16,
        "rcv_ssn": U16,
        "rcv_flags": U16,
        "rcv_ppid": U32,
        "rcv_tsn": U32,
        "rcv_cumtsn": U32,
        "rcv_context": U32,
        "rcv_assoc_id": ASSOC_ID,
    },
    sctp_nxtinfo: {
        "nxt_sid": U16,
        "nxt_flags": U16,
        "nxt_ppid": U32,
        "nxt_length": U32,
        "nxt_assoc_id": ASSOC_ID,
    },
}

HOLDERS = {
    sctp_sendv_spa: {
        "sndinfo": sctp_sndinfo,
        "prinfo": sctp_prinfo,
        "authinfo": sctp_authinfo,
    },
    sctp_recvv_rn: {
        "rcvinfo": sctp_rcvinfo,
        "nxtinfo": sctp_nxtinfo,
    },
}

PICKLE_PROTOCOLS = range(pickle.HIGHEST_PROTOCOL + 1)
COPIERS = {
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    **{
        f"pickle{protocol}": lambda value, protocol=protocol: pickle.loads(
            pickle.dumps(value, protocol)
        )
        for protocol in PICKLE_PROTOCOLS
    },
}

each_class = pytest.mark.parametrize("cls", FIELDS)
each_field = pytest.mark.parametrize(
    "cls, field", [(cls, field) for cls, fields in FIELDS.items() for field in fields]
)
each_holder = pytest.mark.parametrize("holder", HOLDERS)
each_member = pytest.mark.parametrize(
    "holder, member",
    [(holder, member) for holder, members in HOLDERS.items() for member in members],
)
each_copier = pytest.mark.parametrize("copier", COPIERS.values(), ids=COPIERS)


def filled(cls):
    """An info in which every field differs from its default."""
    return cls(**{field: high for field, (_, high) in FIELDS[cls].items()})


def filled_holder(holder):
    return holder([filled(cls) for cls in HOLDERS[holder].values()])


def set_by_constructor(cls, field, value):
    return cls(**{field: value})[field]


def set_by_item(cls, field, value):
    info = cls()
    info[field] = value
    return info[field]


each_way_to_set = pytest.mark.parametrize(
    "set_field", [set_by_constructor, set_by_item], ids=["constructor", "item"]
)


class Index:
    def __init__(self, number):
        self.number = number

    def __index__(self):
        return self.number


class Broken:
    def __index__(self):
        raise ZeroDivisionError


# The dicts


def test_constants_of_the_module_are_integers():
    constants = [name for name in vars(sctp_info) if name.startswith("SCTP_")]
    assert {type(getattr(sctp_info, name)) for name in constants} == {int}


@each_class
def test_info_is_a_dict_of_its_fields_in_order(cls):
    assert list(cls().items()) == [(field, 0) for field in FIELDS[cls]]
    backwards = dict(reversed(filled(cls).items()))
    info = cls(**backwards)
    assert info == backwards
    assert list(info) == list(FIELDS[cls])
    assert f"{info}" == f"{dict(info)}"


@each_class
def test_info_takes_keywords_only(cls):
    with pytest.raises(TypeError, match=cls.__name__):
        cls({})
    with pytest.raises(TypeError, match=cls.__name__):
        cls(0, **dict.fromkeys(FIELDS[cls], 0))


@each_class
@pytest.mark.parametrize("key", ["foo", "sid", "", "SND_SID", "snd_sid\0", "ä"])
def test_unknown_key_is_an_error(cls, key):
    named = f"{cls.__name__}: unknown key {re.escape(repr(key))}"
    with pytest.raises(TypeError, match=named):
        cls(**{key: 0})
    info = cls()
    with pytest.raises(KeyError) as caught:
        info[key] = 0
    assert re.match(named, caught.value.args[0])
    assert info == cls()


@each_class
@pytest.mark.parametrize("key", [0, None, b"snd_sid", ("snd_sid",)])
def test_key_is_a_string(cls, key):
    info = cls()
    with pytest.raises(KeyError, match=cls.__name__):
        info[key] = 0
    assert info == cls()


@each_class
def test_unknown_key_is_an_error_beside_known_ones(cls):
    with pytest.raises(TypeError, match="foo"):
        cls(**filled(cls), foo=0)


@each_field
@each_way_to_set
def test_field_takes_its_whole_range(set_field, cls, field):
    low, high = FIELDS[cls][field]
    for value in low, high:
        assert set_field(cls, field, value) == value


@each_field
@each_way_to_set
def test_field_takes_nothing_beyond_its_range(set_field, cls, field):
    low, high = FIELDS[cls][field]
    for value in low - 1, high + 1, -(2**63) - 1, 2**64, 10**100:
        with pytest.raises(ValueError, match=f"{cls.__name__}: {field} .*{value}"):
            set_field(cls, field, value)


@each_field
@each_way_to_set
@pytest.mark.parametrize("value", ["1", b"1", 1.0, None, 1j, (), {}, object()])
def test_field_takes_nothing_but_integers(set_field, cls, field, value):
    with pytest.raises(
        TypeError, match=f"{cls.__name__}: {field} .*{type(value).__name__}"
    ):
        set_field(cls, field, value)


@each_field
@each_way_to_set
def test_what_counts_as_an_integer_becomes_one(set_field, cls, field):
    high = FIELDS[cls][field][1]
    assert type(set_field(cls, field, Index(high))) is int
    assert type(set_field(cls, field, False)) is int
    with pytest.raises(ValueError, match=field):
        set_field(cls, field, Index(high + 1))
    with pytest.raises(ZeroDivisionError):
        set_field(cls, field, Broken())


@each_way_to_set
def test_policy_is_one_of_the_platform(set_field):
    accepted = set()
    for value in range(2**16):
        try:
            accepted.add(set_field(sctp_prinfo, "pr_policy", value))
        except ValueError as error:
            assert "sctp_prinfo: pr_policy" in str(error)
    assert accepted == set(POLICIES)


@each_field
def test_field_that_is_refused_keeps_its_value(cls, field):
    info = filled(cls)
    for value, error in (-(2**40), ValueError), (None, TypeError):
        with pytest.raises(error):
            info[field] = value
    assert info == filled(cls)


@each_field
def test_field_cannot_be_deleted(cls, field):
    info = cls()
    with pytest.raises(TypeError, match=f"{cls.__name__}: {field}"):
        del info[field]
    with pytest.raises(KeyError):
        del info["foo"]
    assert info == cls()


@each_class
def test_initializing_again_resets(cls):
    info = filled(cls)
    info.__init__()
    assert list(info.items()) == list(cls().items())


@each_class
def test_failed_constructor_leaks_nothing(cls, assert_no_leak):
    field = list(FIELDS[cls])[-1]

    def fail():
        for keywords in {field: -(2**40)}, {field: None}, {"foo": 0}:
            with pytest.raises((TypeError, ValueError)):
                cls(**keywords)

    assert_no_leak(fail)


class Sndinfo(sctp_sndinfo):
    """A subclass with a default and its own attribute."""

    def __init__(self, **kwargs):
        super().__init__(**{"snd_sid": 7, **kwargs})
        self.mark = "mine"


class Rcvinfo(sctp_rcvinfo):
    __slots__ = ()


@pytest.mark.parametrize("cls", [*FIELDS, Sndinfo, Rcvinfo])
@each_copier
def test_info_survives_copying(copier, cls):
    info = cls()
    info[list(info)[-1]] = 1
    copied = copier(info)
    assert type(copied) is cls
    assert copied is not info
    assert list(copied.items()) == list(info.items())
    assert getattr(copied, "mark", None) == getattr(info, "mark", None)
    copied[list(copied)[-1]] = 0
    assert info != copied


@pytest.mark.parametrize("cls", [*FIELDS, Sndinfo, Rcvinfo])
def test_copy_is_of_the_same_class(cls):
    info = cls()
    info[list(info)[-1]] = 1
    copied = info.copy()
    assert type(copied) is cls
    assert list(copied.items()) == list(info.items())


def test_subclass_is_checked_as_its_base_is():
    info = Sndinfo(snd_ppid=1)
    assert (info["snd_sid"], info["snd_ppid"], info.mark) == (7, 1, "mine")
    with pytest.raises(ValueError, match="sctp_sndinfo: snd_sid"):
        info["snd_sid"] = -1
    with pytest.raises(KeyError, match="sctp_sndinfo"):
        info["mark"] = 1


@each_class
def test_infos_compare_as_dicts(cls):
    assert cls() == cls() == dict.fromkeys(FIELDS[cls], 0)
    assert cls() != filled(cls)
    with pytest.raises(TypeError):
        hash(cls())


# The holders


@each_holder
def test_holder_holds_nothing_at_first(holder):
    nothing = dict.fromkeys(HOLDERS[holder])
    for held in holder(), holder([]), holder(infos=()):
        assert {member: getattr(held, member) for member in nothing} == nothing
        assert f"{held}" == f"{held!r}" == f"{nothing}"


@each_holder
@pytest.mark.parametrize("iterable", [list, tuple, iter, reversed])
def test_holder_holds_what_it_is_given_in_any_order(holder, iterable):
    infos = {member: filled(cls) for member, cls in HOLDERS[holder].items()}
    for count in range(len(infos) + 1):
        for members in itertools.permutations(infos, count):
            given = {member: infos[member] for member in members}
            held = holder(iterable(list(given.values())))
            for member in infos:
                assert getattr(held, member) is given.get(member)


@each_holder
def test_holder_prints_like_a_dict(holder):
    members = {member: filled(cls) for member, cls in HOLDERS[holder].items()}
    assert f"{holder(members.values())}" == f"{members}"


@each_holder
def test_holder_holds_one_of_a_kind(holder):
    for member, cls in HOLDERS[holder].items():
        with pytest.raises(ValueError, match=f"{holder.__name__}: .*{member}"):
            holder([cls(), cls()])


@each_holder
def test_holder_holds_no_other_kind(holder):
    others = [cls() for cls in FIELDS if cls not in HOLDERS[holder].values()]
    (_, *kinds) = HOLDERS[holder].values()
    for other in [*others, *kinds, {}, None, 5, "text", holder()]:
        with pytest.raises(TypeError, match=f"{holder.__name__}: "):
            holder([next(iter(HOLDERS[holder].values()))(), other])


@each_holder
@pytest.mark.parametrize("infos", [None, 5, sctp_sndinfo])
def test_holder_takes_an_iterable(holder, infos):
    with pytest.raises(TypeError):
        holder(infos)
    with pytest.raises(TypeError):
        holder([], [])
    with pytest.raises(TypeError):
        holder(sndinfo=None)


@each_holder
def test_dict_in_place_of_an_iterable_of_infos_is_an_error(holder):
    (cls, *_) = HOLDERS[holder].values()
    with pytest.raises(TypeError, match=f"{holder.__name__}: infos cannot contain a"):
        holder(cls())


@each_holder
def test_error_of_the_iterable_comes_through(holder):
    def infos():
        yield from (cls() for cls in HOLDERS[holder].values())
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        holder(infos())


@each_holder
def test_failed_initialization_changes_nothing(holder):
    held = filled_holder(holder)
    with pytest.raises(TypeError):
        held.__init__([None])
    assert held == filled_holder(holder)
    held.__init__()
    assert held == holder()


@each_holder
def test_holder_that_was_not_initialized_holds_nothing(holder):
    held = holder.__new__(holder)
    assert all(getattr(held, member) is None for member in HOLDERS[holder])
    assert held == holder() and repr(held) == repr(holder())
    assert copy.copy(held) == held
    filled = filled_holder(holder)
    for member in HOLDERS[holder]:
        setattr(held, member, getattr(filled, member))
    assert held == filled


@each_holder
def test_holder_says_what_it_is(holder):
    assert holder.__module__ == "_sctp.sctp_info"
    assert holder.__qualname__ == holder.__name__
    (infos,) = inspect.signature(holder).parameters.values()
    assert infos.name == "infos" and infos.default == ()
    assert "RFC 6458" in holder.__doc__
    for member, cls in HOLDERS[holder].items():
        assert getattr(holder, member).__doc__ == f"The {cls.__name__}, or None."


@each_member
def test_member_may_be_replaced(holder, member):
    held = filled_holder(holder)
    for info in HOLDERS[holder][member](), None:
        setattr(held, member, info)
        assert getattr(held, member) is info
    for other in HOLDERS[holder].keys() - {member}:
        assert getattr(held, other) == getattr(filled_holder(holder), other)


@each_member
def test_member_takes_nothing_else(holder, member):
    held = filled_holder(holder)
    own = HOLDERS[holder][member]
    for other in [cls() for cls in FIELDS if cls is not own] + [{}, 5, own, held]:
        with pytest.raises(
            TypeError,
            match=f"{holder.__name__}: {member} must be a {own.__name__} or None, not",
        ):
            setattr(held, member, other)
    with pytest.raises(TypeError, match=f"{holder.__name__}: {member}"):
        delattr(held, member)
    with pytest.raises(AttributeError):
        held.info = None
    assert held == filled_holder(holder)


def test_holder_takes_subclasses_of_infos():
    info = Sndinfo()
    spa = sctp_sendv_spa([info])
    assert spa.sndinfo is info
    with pytest.raises(ValueError, match="sndinfo"):
        sctp_sendv_spa([info, sctp_sndinfo()])


@each_holder
def test_holders_are_equal_if_what_they_hold_is(holder):
    held = filled_holder(holder)
    assert held == filled_holder(holder)
    assert (held != filled_holder(holder)) is False
    for member in HOLDERS[holder]:
        other = filled_holder(holder)
        setattr(other, member, None)
        assert held != other
        other = filled_holder(holder)
        getattr(other, member).update(dict.fromkeys(getattr(other, member), 0))
        assert held != other
    assert held != {member: getattr(held, member) for member in HOLDERS[holder]}
    assert sctp_sendv_spa() != sctp_recvv_rn()
    with pytest.raises(TypeError):
        assert held < held
    with pytest.raises(TypeError):
        hash(held)


class Spa(sctp_sendv_spa):
    """A subclass with its own attribute."""

    mark = None


class SlottedSpa(sctp_sendv_spa):
    __slots__ = ("mark",)


@each_holder
@each_copier
def test_holder_survives_copying(copier, holder):
    for held in holder(), filled_holder(holder):
        copied = copier(held)
        assert type(copied) is holder
        assert copied is not held
        assert copied == held


@pytest.mark.parametrize("cls", [Spa, SlottedSpa])
@each_copier
def test_copy_keeps_what_a_subclass_adds(copier, cls):
    held = cls([sctp_prinfo(pr_value=5)])
    held.mark = "mine"
    copied = copier(held)
    assert type(copied) is cls
    assert copied == held
    assert copied.mark == "mine"


@each_holder
def test_copies_share_infos_and_deep_copies_do_not(holder):
    held = filled_holder(holder)
    for member in HOLDERS[holder]:
        assert getattr(copy.copy(held), member) is getattr(held, member)
        assert getattr(copy.deepcopy(held), member) is not getattr(held, member)


def test_holder_that_holds_itself_is_freed():
    info = Sndinfo()
    info.holder = sctp_sendv_spa([info])
    reference = weakref.ref(info)
    del info
    gc.collect()
    assert reference() is None


@each_holder
def test_holder_leaks_nothing(holder, assert_no_leak):
    infos = [filled(cls) for cls in HOLDERS[holder].values()]
    member = next(iter(HOLDERS[holder]))

    def use():
        held = holder(infos)
        setattr(held, member, getattr(held, member))
        copy.deepcopy(held)
        assert repr(held) and held == held
        for wrong in [*infos, infos[0]], [*infos, None]:
            with pytest.raises((TypeError, ValueError)):
                holder(wrong)
        with pytest.raises(TypeError):
            setattr(held, member, 5)

    references = [sys.getrefcount(info) for info in infos]
    assert_no_leak(use)
    assert [sys.getrefcount(info) for info in infos] == references


@each_holder
def test_holder_is_pickled_as_its_infos_alone(holder):
    value = filled_holder(holder)
    infos = [getattr(value, member) for member in HOLDERS[holder]]
    assert value.__reduce__() == (holder, (infos,), None)
