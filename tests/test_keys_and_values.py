"""Wrong keys and values: one table tries every way to set them in every dict class."""

import sys

import pytest

import sctp
from _sctp import sctp as core

INFOS = [f"sctp_{name}info" for name in ("snd", "pr", "auth", "rcv", "nxt")]
OPTIONS = [
    name
    for name in sctp.__all__
    if getattr(getattr(sctp, name), "__fields__", None) and name != "sctp_generic"
]

# More digits than Python converts to text.
HUGE = 10 ** (sys.get_int_max_str_digits() + 700)

# The exceptions for an unknown key, a wrong type, and a value out of range.
TABLE = {
    ("info", "constructor"): (TypeError, TypeError, ValueError),
    ("info", "item"): (KeyError, TypeError, ValueError),
    ("option", "constructor"): (ValueError, TypeError, TypeError),
    ("option", "set_value"): (TypeError, TypeError, TypeError),
    ("option", "item"): (KeyError, TypeError, ValueError),
}
WAYS = {
    "constructor": lambda made, key, value: type(made)(**{key: value}),
    "set_value": lambda made, key, value: made.set_value(key, value),
    "item": lambda made, key, value: made.__setitem__(key, value),
}

# For each format: values of a wrong type, and values out of range. Numbers in an
# address or a list have their own entries.
NUMBER = (["1", b"1", 1.0, None, (1,)], [2**70, -(2**70), HUGE, -HUGE])
BAD = {
    **dict.fromkeys("BHIiQ", NUMBER),
    "128s": (
        [5, None, "10.1.0.1", ("10.1.0.1",), (1, 2), [HUGE], ("10.1.0.1", 1.0)],
        [b"", bytes(127), *(("10.1.0.1", n) for n in (65536, HUGE)), ("a\0", 1)],
    ),
    "nested": ([5, None, {}, ("10.1.0.1", 5)], [b"", bytes(3)]),
    "bytes": (["secret", 5, bytearray(1), (1,)], [bytes(65536)]),
    "list": ([5, ["1"], [None]], [[0, 65536], [HUGE], range(65536)]),
}


def kinds_of(name):
    """The keys and values of an object of a class."""
    if name in INFOS:
        return dict.fromkeys(getattr(sctp, name)(), "H")
    _, rows, tail = core._describe(name)
    kinds = {key: code if code in BAD else "nested" for key, code, *_ in rows}
    if tail is not None:
        kinds[tail[0]] = "bytes" if tail[1] == "s" else "list"
    return kinds


CASES = [
    pytest.param(name, way, errors, id=f"{name}-{way}")
    for (family, way), errors in TABLE.items()
    for name in (INFOS if family == "info" else OPTIONS)
]


@pytest.mark.parametrize(("name", "way", "errors"), CASES)
def test_bad_key_and_value_raise_by_the_table(name, way, errors):
    unknown, wrong_type, out_of_range = errors
    made = getattr(sctp, name)()
    before = dict(made)

    def refused(error, key, value):
        with pytest.raises(error) as raised:
            WAYS[way](made, key, value)
        assert raised.type is error
        assert made == before
        return str(raised.value.args[0])

    assert f"{name}: unknown key 'spam'" in refused(unknown, "spam", 0)
    if way != "constructor":
        for key in 5, None, b"spam", (), [], HUGE:
            assert f"{name}: unknown key " in refused(unknown, key, 0)
    for key, kind in kinds_of(name).items():
        wrong, outside = BAD[kind]
        for error, value in (
            *((wrong_type, value) for value in wrong),
            *((out_of_range, value) for value in outside),
        ):
            text = refused(error, key, value)
            assert len(text) < 300
            if kind != "128s":
                assert f"{name}: {key} must " in text
            if value in (HUGE, -HUGE, ("10.1.0.1", HUGE)):
                assert "must be in " in text
                assert "<int that cannot be shown>" in text


@pytest.mark.parametrize("name", OPTIONS)
def test_keys_and_values_that_dict_lets_in_are_checked_when_used(name):
    """update, setdefault, |= and pop are the methods of dict."""
    cls = getattr(sctp, name)
    for key, kind in kinds_of(name).items():
        wrong_type, out_of_range = BAD[kind]
        for error, values in (TypeError, wrong_type), (ValueError, out_of_range):
            for value in values:
                made = cls()
                made.update({key: value})
                with pytest.raises(error):
                    _ = made.to_bytes
        made = cls()
        made |= {key: wrong_type[0]}
        with pytest.raises(TypeError):
            _ = made.to_bytes
        made = cls()
        made.pop(key)
        with pytest.raises(ValueError, match=f"{name}: missing key '{key}'"):
            _ = made.to_bytes
    for key in "spam", 5, HUGE:
        made = cls()
        made.setdefault(key, 1)
        with pytest.raises(ValueError, match=f"{name}: unknown key "):
            _ = made.to_bytes


@pytest.mark.kernel
@pytest.mark.parametrize("name", ["sctp_sndinfo", "sctp_prinfo", "sctp_authinfo"])
def test_info_that_dict_changed_is_checked_before_it_is_sent(name, make_pair):
    client, server = make_pair()
    cls = getattr(sctp, name)

    def refused(error, made, match):
        for info in made, sctp.sctp_sendv_spa([made]):
            with pytest.raises(error, match=match):
                client.sctp_sendv([b"no"], None, info)

    for key in cls():
        for error, values in zip((TypeError, ValueError), NUMBER, strict=True):
            for value in values:
                made = cls()
                made |= {key: value}
                refused(error, made, f"{name}: {key} must ")
        made = cls()
        made.pop(key)
        refused(ValueError, made, f"{name}: missing key '{key}'")
    for key in "spam", 5, HUGE:
        made = cls()
        made.setdefault(key, 1)
        refused(ValueError, made, f"{name}: unknown key ")
    client.sctp_sendv([b"yes"], None, sctp.sctp_sndinfo())
    assert server.sctp_recvv(100)[0] == b"yes"
