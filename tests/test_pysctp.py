"""Programs for PySCTP run with sctp.pysctp. These tests cover what the records
cannot show."""

import copy
import gc
import os
import pickle
import selectors
import socket
import subprocess
import sys
import textwrap
import threading
import warnings
from socket import AF_INET, SOCK_SEQPACKET, SOCK_STREAM, htonl, ntohl

import golden_notifications
import pytest
import system

import _sctp
import sctp
from sctp import pysctp
from sctp._pysctp_values import raw_notification

SYSTEM = "linux" if system.LINUX else "freebsd"
GOLDEN = golden_notifications.load()[SYSTEM]


@pytest.fixture
def make(network):
    """Makes sockets of PySCTP that fail instead of waiting for ever, and closes
    them."""
    made = []

    def make(cls=pysctp.sctpsocket_tcp, sk=None, family=network.family):
        sock = cls(family, sk)
        made.append(sock)
        sock.settimeout(10)
        sock.nodelay = True
        return sock

    yield make
    for sock in made:
        sock.close()


@pytest.fixture
def make_server(make, network):
    def make_server(cls=pysctp.sctpsocket_tcp, sk=None):
        server = make(cls, sk)
        server.bindx([network.address()[:2]])
        server.listen(5)
        return server

    return make_server


@pytest.fixture
def make_pair(make, make_server):
    accepted = []

    def make_pair(**kwargs):
        server = make_server(**kwargs)
        client = make()
        client.connect(server.getsockname())
        peer, _ = server.accept()
        accepted.append(peer)
        peer.settimeout(10)
        return client, peer, server

    yield make_pair
    for sock in accepted:
        sock.close()


@pytest.fixture
def unwarned(monkeypatch):
    monkeypatch.setattr(pysctp, "_warned_of_ppid", False)


# Names


def run(program, *options):
    result = subprocess.run(
        [sys.executable, *options, "-c", textwrap.dedent(program)],
        capture_output=True,
        text=True,
    )
    assert result.returncode == 0, result.stderr
    return result.stdout.split()


@pytest.mark.parametrize(
    "statement",
    [
        "import sctp",
        "from sctp import *",
        "from sctp import asyncio",
        "import sctp, inspect; inspect.unwrap(sctp); hasattr(sctp, '_nothing')",
        "import _sctp; from _sctp import sctp_event",
    ],
)
def test_who_does_not_use_it_does_not_load_it(statement):
    program = f"import sys; {statement}; print(*sys.modules)"
    assert not {"sctp.pysctp", "sctp._pysctp_constants", "difflib"} & {*run(program)}


def test_package_hands_out_each_name_and_has_none_itself():
    names = {*pysctp.__all__} - {*sctp.__all__}
    assert {"sctpsocket_tcp", "FLAG_EOR", "socket", "htonl"} <= names
    for name in names:
        assert getattr(sctp, name) is getattr(pysctp, name)
    assert not names & {*dir(sctp)}


def test_names_of_both_mean_the_same():
    for name in {*pysctp.__all__} & {*sctp.__all__}:
        assert getattr(sctp, name) == getattr(pysctp, name)


def test_star_of_the_module_brings_all():
    program = """
        from sctp.pysctp import *
        print(sctpsocket_tcp.__name__, socket.AF_INET == AF_INET, sys.argv, FLAG_EOR)
    """
    assert run(program)[:2] == ["sctpsocket_tcp", "True"]


def test_package_has_the_module_once_it_is_named():
    program = """
        import sctp
        sctp.pysctp.ppid_order = "0.7.3"
        from sctp import pysctp
        print(pysctp.ppid_order, sctp.pysctp is pysctp)
    """
    assert run(program, "-W", "error") == ["0.7.3", "True"]


def test_package_of_c_modules_hands_out_what_programs_use():
    from _sctp import getconstant

    assert getconstant("IPPROTO_SCTP") == 132
    assert _sctp.getconstant("MSG_EOF") == sctp.SCTP_EOF
    assert _sctp.have_sctp_multibuf() is True
    for name in "nothing", "sctp_recv_msg":
        with pytest.raises(AttributeError, match=f"'_sctp' has no attribute '{name}'"):
            getattr(_sctp, name)


@pytest.mark.parametrize(
    "name, near",
    [
        ("sctp_sokcet", "sctp_socket"),
        ("sctpsocket_tpc", "sctpsocket_tcp"),
        ("SCTP_INITMGS", "SCTP_INITMSG"),
    ],
)
def test_unknown_name_suggests_a_near_one(name, near):
    with pytest.raises(AttributeError) as caught:
        getattr(sctp, name)
    assert str(caught.value) == (
        f"module 'sctp' has no attribute {name!r}. Did you mean: {near!r}?"
    )
    told = subprocess.run(
        [sys.executable, "-c", f"import sctp; sctp.{name}"],
        capture_output=True,
        text=True,
    ).stderr
    assert told.splitlines()[-1].count("Did you mean") == 1


@pytest.mark.parametrize("name", ["", "xyzzy", "_private", "__path_hooks__"])
def test_unknown_name_without_a_near_one_is_plain(name):
    with pytest.raises(AttributeError) as caught:
        getattr(sctp, name)
    assert str(caught.value) == f"module 'sctp' has no attribute {name!r}"


def test_unknown_constant_is_an_error():
    with pytest.raises(ValueError, match="no constant 'SCTP_NOTHING'"):
        pysctp.getconstant("SCTP_NOTHING")
    with pytest.raises(TypeError, match="name must be str, not int"):
        pysctp.getconstant(1)


def test_objects_name_the_module_that_programs_import_from():
    assert pysctp.rtoinfo.__module__ == "sctp.pysctp"
    restored = pickle.loads(pickle.dumps(pysctp.rtoinfo()))
    assert vars(restored) == vars(pysctp.rtoinfo())


# Notifications without a kernel

CLASSES = {
    "up": pysctp.assoc_change,
    "unreachable": pysctp.paddr_change,
    "remote error": pysctp.remote_error,
    "send failed": pysctp.send_failed,
    "send failed event": pysctp.send_failed,
    "shutdown": pysctp.shutdown_event,
    "adaptation": pysctp.adaptation_event,
    "partial delivery": pysctp.pdapi_event,
}


@pytest.mark.parametrize("name", CLASSES)
def test_notification_becomes_an_object(name):
    record = GOLDEN[name]
    notif = pysctp.notification_factory(raw_notification(record))
    assert type(notif) is CLASSES[name]
    assert pysctp.notification_table[notif.type] is CLASSES[name]
    assert notif.assoc_id == 7
    assert notif.length == len(record)
    assert {*vars(CLASSES[name]())} <= {*vars(notif)}


def test_notification_of_a_failed_message_has_its_info():
    notif = pysctp.notification_factory(raw_notification(GOLDEN["send failed event"]))
    assert notif.data == b"world"
    assert (notif.info.stream, notif.info.ppid) == (1, 0x01020304)
    assert type(notif.info) is pysctp.sndrcvinfo


@pytest.mark.parametrize("name", ["dry", "authentication", "stream reset"])
def test_notification_that_pysctp_does_not_know(name):
    with pytest.warns(RuntimeWarning, match="unknown to PySCTP"):
        notif = pysctp.notification_factory(raw_notification(GOLDEN[name]))
    assert type(notif) is pysctp.notification
    assert notif.assoc_id == 7


# Sockets


@pytest.mark.kernel
def test_programs_as_they_are_written_for_it(network):
    """A server and a client, written like programs that exist."""
    server = f"""
        import _sctp, socket, sys
        import sctp
        if _sctp.getconstant("IPPROTO_SCTP") != 132:
            raise Exception("getconstant failed")
        sk = sctp.sctpsocket_tcp(socket.AddressFamily({int(network.family)}))
        sk.initparams.max_instreams = 3
        sk.initparams.num_ostreams = 3
        sk.events.clear()
        sk.events.data_io = 1
        sk.bindx([{network.address()[:2]!r}])
        sk.listen(5)
        print(sk.getsockname()[1], flush=True)
        conn, addr = sk.accept()
        while True:
            fromaddr, flags, msg, notif = conn.sctp_recv(2048)
            if flags & sctp.FLAG_NOTIFICATION:
                continue
            if not msg:
                break
            print(msg.decode(), flags & sctp.FLAG_EOR, notif.stream, len(fromaddr))
            conn.sctp_send("you said " + msg.decode(), ppid=notif.ppid)
        conn.close()
        sk.close()
    """
    client = """
        from sctp.pysctp import *
        import sys
        host, port = sys.argv[1:]
        sk = sctpsocket_tcp(socket.AF_INET6 if ":" in host else socket.AF_INET)
        sk.events.data_io = True
        sk.connectx([(host, int(port))])
        sk.sctp_send(b"hello", ppid=socket.htonl(60), stream=2)
        fromaddr, flags, msg, notif = sk.sctp_recv(2048)
        print(msg.decode(), socket.ntohl(notif.ppid))
        sk.close()
    """
    command = [sys.executable, "-W", "error", "-c"]
    process = subprocess.Popen(
        [*command, textwrap.dedent(server)], stdout=subprocess.PIPE, text=True
    )
    try:
        port = process.stdout.readline().strip()
        said = subprocess.run(
            [*command, textwrap.dedent(client), network.address()[0], port],
            capture_output=True,
            text=True,
            timeout=20,
        )
        assert (said.stdout, said.stderr) == ("you said hello 60\n", "")
        output, _ = process.communicate(timeout=20)
    finally:
        process.kill()
        process.wait()
    assert output == f"hello {pysctp.FLAG_EOR} 2 2\n"
    assert process.returncode == 0


@pytest.mark.kernel
def test_timeout_waits_for_a_message(make_pair):
    client, peer, _ = make_pair()
    waiting = threading.Thread(target=lambda: results.append(peer.sctp_recv(100)[2]))
    results = []
    waiting.start()
    client.sctp_send(b"late")
    waiting.join(10)
    assert results == [b"late"]
    peer.settimeout(0.1)
    with pytest.raises(TimeoutError):
        peer.sctp_recv(100)
    peer.setblocking(False)
    with pytest.raises(BlockingIOError):
        peer.sctp_recv(100)


@pytest.mark.kernel
def test_socket_in_containers_selectors_and_with(make):
    sock, other = make(), make(pysctp.sctpsocket_udp)
    assert {sock: 1, other: 2}[sock] == 1
    with selectors.DefaultSelector() as selector:
        selector.register(other, selectors.EVENT_WRITE)
        assert [key.fileobj for key, _ in selector.select(0)] == [other]
    with make() as entered:
        assert isinstance(entered, pysctp.sctpsocket_tcp)
    assert entered.fileno() == -1
    assert copy.copy(sock).sock() is sock.sock()


@pytest.mark.kernel
def test_events_reach_associations_that_exist(make, make_server):
    server, client = make_server(pysctp.sctpsocket_udp), make(pysctp.sctpsocket_udp)
    client.sctp_send(b"first", to=server.getsockname())
    assert server.sctp_recv(100)[2] == b"first"
    server.events.shutdown = 1
    server.events.association = 1
    client.sctp_send(b"", to=server.getsockname(), flags=pysctp.MSG_EOF)
    kinds = [type(server.sctp_recv(1_000)[3]) for _ in range(2)]
    assert kinds == [pysctp.shutdown_event, pysctp.assoc_change]


@pytest.mark.kernel
def test_no_deprecated_option_is_used():
    asked = []

    class Recorder(sctp.sctp_socket):
        def setsockopt(self, level, option, *value):
            asked.append(option)
            super().setsockopt(level, option, *value)

        def getsockopt(self, level, option, *value):
            asked.append(option)
            return super().getsockopt(level, option, *value)

    with pysctp.sctpsocket_udp(AF_INET, Recorder(AF_INET, SOCK_SEQPACKET)) as sk:
        sk.events.clear()
        sk.events.send_failure = sk.events.data_io = 1
        sk.events.flush()
    assert {*asked} == {sctp.SCTP_EVENT, sctp.SCTP_RECVRCVINFO}


@pytest.mark.kernel
def test_notification_is_whole_however_little_is_read(make_server, make):
    server, client = make_server(), make()
    server.events.association = 1
    client.connect(server.getsockname())
    peer, _ = server.accept()
    with peer:
        peer.settimeout(10)
        client.sctp_send(b"data")
        fromaddr, flags, msg, notif = peer.sctp_recv(3)
        assert flags == pysctp.FLAG_NOTIFICATION | pysctp.FLAG_EOR
        assert (msg, notif.state) == (None, notif.state_COMM_UP)
        assert fromaddr == client.getsockname()[:2]
        pieces = [peer.sctp_recv(3) for _ in range(2)]
        assert [piece[2] for piece in pieces] == [b"dat", b"a"]
        assert [piece[1] for piece in pieces] == [0, pysctp.FLAG_EOR]


@pytest.mark.kernel
def test_next_info_of_the_socket_does_no_harm(make_pair):
    client, peer, _ = make_pair()
    peer.events.data_io = 1
    peer.setsockopt(sctp.IPPROTO_SCTP, sctp.SCTP_RECVNXTINFO, 1)
    client.sctp_send(b"one", stream=1)
    client.sctp_send(b"two", stream=2)
    assert [peer.sctp_recv(10)[3].stream for _ in range(2)] == [1, 2]


@pytest.mark.kernel
def test_addresses_are_pairs_in_both_families(make_pair, network):
    client, peer, server = make_pair()
    pair = server.getsockname()[:2]
    assert client.getpaddrs() == (pair,)
    assert server.getladdrs() == (pair,)
    assert client.get_status().primary.sockaddr == pair
    assert client.get_paddrinfo(0, pair).sockaddr == pair
    for given in (pair, list(pair), server.getsockname()):
        client.sctp_send(b"x", to=given)
        assert peer.sctp_recv(10)[0] == client.getsockname()[:2]
        client.set_primary(0, given)


@pytest.mark.kernel
def test_association_identifier_is_an_address(make, make_server):
    server, client = make_server(pysctp.sctpsocket_udp), make()
    server.events.data_io = 1
    client.connect(server.getsockname())
    client.sctp_send(b"x")
    assoc_id = server.sctp_recv(10)[3].assoc_id
    server.sctp_send(b"back", assoc_id)
    assert client.sctp_recv(10)[2] == b"back"
    with server.peeloff(assoc_id) as peeled:
        assert type(peeled) is pysctp.sctpsocket_tcp
        peeled.sctp_send(b"peeled")
        assert client.sctp_recv(10)[2] == b"peeled"


@pytest.mark.kernel
def test_datalogging_warns(make_pair):
    client, peer, _ = make_pair()
    with pytest.warns(RuntimeWarning, match="datalogging is ignored"):
        client.sctp_send(b"x", datalogging=True)
    assert peer.sctp_recv(10)[2] == b"x"


@pytest.mark.kernel
@pytest.mark.parametrize(
    "arguments, error, field",
    [
        ({"stream": 65_536}, ValueError, "stream must be in"),
        ({"stream": "0"}, TypeError, "stream must be an int, not str"),
        ({"flags": -1}, ValueError, "flags must be in"),
        ({"flags": None}, TypeError, "flags must be an int, not NoneType"),
        ({"msg": b"", "flags": "x"}, TypeError, "flags must be an int, not str"),
        ({"ppid": -(2**31) - 1}, ValueError, "ppid must be in"),
        ({"ppid": 60.0}, TypeError, "ppid must be an int, not float"),
        ({"context": 2**32}, ValueError, "context must be in"),
        ({"context": None}, TypeError, "context must be an int, not NoneType"),
        ({"timetolive": 2**32}, ValueError, "timetolive must be in"),
        ({"timetolive": "1"}, TypeError, "timetolive must be an int, not str"),
        ({"msg": b""}, ValueError, "msg must not be empty"),
        ({"msg": None}, TypeError, "msg must be bytes-like or str, not NoneType"),
    ],
)
def test_bad_argument_is_named_and_nothing_is_sent(make_pair, arguments, error, field):
    client, peer, _ = make_pair()
    with pytest.raises(error, match=f"^{field}"):
        client.sctp_send(**{"msg": b"x", **arguments})
    client.sctp_send(b"next")
    assert peer.sctp_recv(10)[2] == b"next"


@pytest.mark.kernel
@pytest.mark.parametrize(
    "value, error, why",
    [
        (0, ValueError, r"must be in 1\.\."),
        (-1, ValueError, r"must be in 1\.\."),
        (2**63, ValueError, r"must be in 1\.\."),
        (None, TypeError, "must be an int, not NoneType"),
    ],
)
def test_bad_length_is_named(make, value, error, why):
    with pytest.raises(error, match=f"^maxlen {why}"):
        make().sctp_recv(value)


INTEGERS = {
    "nodelay": 2**31,
    "disable_fragments": -(2**31) - 1,
    "mappedv4": 2**31,
    "autoclose": 2**31,
    "maxseg": 2**32,
    "adaptation": 2**32,
    "sndbuf": 2**40,
    "rcvbuf": -(2**40),
}


@pytest.mark.kernel
@pytest.mark.parametrize("name", INTEGERS)
def test_bad_setting_is_named(make, name):
    sock = make(pysctp.sctpsocket_udp)
    before = getattr(sock, f"get_{name}")()
    with pytest.raises(ValueError, match=f"^{name} must be in"):
        getattr(sock, f"set_{name}")(INTEGERS[name])
    for value in "1", None, 1.5:
        kind = type(value).__name__
        with pytest.raises(TypeError, match=f"^{name} must be an int, not {kind}"):
            getattr(sock, f"set_{name}")(value)
    assert getattr(sock, f"get_{name}")() == before


@pytest.mark.kernel
def test_bad_event_is_named_and_changes_none(make):
    events = make().events
    events.autoflush = False
    events.association, events.shutdown = 1, None
    with pytest.raises(TypeError, match=r"^shutdown must be an int, not NoneType"):
        events.flush()
    assert not pysctp.event_subscribe(events.container).association


@pytest.mark.kernel
def test_groups_remember_values_until_flush(make):
    sk = make()
    assert (sk.events.association, sk.initparams.num_ostreams) == (False, 10)
    event = sctp.sctp_event(se_type=sctp.SCTP_ASSOC_CHANGE, se_on=1)
    initmsg = sctp.sctp_initmsg(sinit_num_ostreams=64)
    sk.setsockopt(sctp.IPPROTO_SCTP, sctp.SCTP_EVENT, event)
    sk.setsockopt(sctp.IPPROTO_SCTP, sctp.SCTP_INITMSG, initmsg)
    sk.events.shutdown, sk.initparams.max_attempts = 1, 3

    def kernel_has():
        events, params = pysctp.event_subscribe(sk), pysctp.initparams(sk)
        return events.association, params.num_ostreams

    assert (sk.events.association, sk.initparams.num_ostreams) == (False, 10)
    assert kernel_has() == (True, 64)
    sk.events.flush()
    sk.initparams.flush()
    assert kernel_has() == (False, 10)


PARAMETERS = {
    "rtoinfo": ("initial", 2_500),
    "assocparams": ("cookie_life", 5_000),
    "paddrparams": ("pathmaxrxt", 3),
}


def get_parameters(sock, kind):
    address = [("", 0)] if kind == "paddrparams" else []
    return getattr(sock, f"get_{kind}")(0, *address)


@pytest.mark.kernel
@pytest.mark.parametrize("kind", PARAMETERS)
def test_bad_parameter_is_named_and_changes_none(make, kind):
    sock = make()
    name, value = PARAMETERS[kind]
    before = vars(get_parameters(sock, kind))
    for bad in -1, 2**32, "x", None:
        wrong = get_parameters(sock, kind)
        setattr(wrong, name, bad)
        with pytest.raises(TypeError, match=f"_{name} must be"):
            getattr(sock, f"set_{kind}")(wrong)
    assert vars(get_parameters(sock, kind)) == before
    right = get_parameters(sock, kind)
    setattr(right, name, value)
    getattr(sock, f"set_{kind}")(right)
    assert getattr(get_parameters(sock, kind), name) == value


@pytest.mark.kernel
@pytest.mark.parametrize("kind", PARAMETERS)
def test_object_of_another_kind_is_an_error(make, kind):
    sock = make()
    lacking = getattr(pysctp, kind)()
    del lacking.assoc_id
    others = {*PARAMETERS} - {kind}
    for wrong in [None, {}, lacking, *(getattr(pysctp, other)() for other in others)]:
        with pytest.raises(AttributeError, match="has no attribute"):
            getattr(sock, f"set_{kind}")(wrong)


@pytest.mark.kernel
@pytest.mark.parametrize("kind", PARAMETERS)
def test_object_of_a_derived_class_serves(make, kind):
    name, value = PARAMETERS[kind]
    computed = {name: property(lambda self: value, lambda self, given: None)}
    sock = make()
    getattr(sock, f"set_{kind}")(type("Own", (getattr(pysctp, kind),), computed)())
    assert getattr(get_parameters(sock, kind), name) == value


@pytest.mark.kernel
def test_failed_change_leaves_what_was(make):
    params = make().initparams
    with pytest.raises(TypeError, match="sinit_num_ostreams"):
        params.num_ostreams = 65_536
    params.max_instreams = 5
    assert (params.num_ostreams, params.max_instreams) == (10, 5)


# Sockets of another kind, as an argument


def plain(family):
    return socket.socket(family, SOCK_STREAM, sctp.IPPROTO_SCTP)


@pytest.mark.kernel
def test_plain_socket_serves(make_pair, network):
    with plain(network.family) as sk:
        client, peer, server = make_pair(sk=sk)
        assert server.sock() is sk
        client.sctp_send(b"x")
        assert peer.sctp_recv(10)[2] == b"x"
        sk.settimeout(0.1)
        with pytest.raises(TimeoutError):
            server.accept()
        sk.setblocking(False)
        with pytest.raises(BlockingIOError):
            server.accept()


@pytest.mark.kernel
def test_plain_socket_keeps_its_descriptor(network):
    with plain(network.family) as sk:
        sock = pysctp.sctpsocket_tcp(network.family, sk)
        assert sock.nodelay is False
        del sock
        gc.collect()
        os.fstat(sk.fileno())
        sock = pysctp.sctpsocket_tcp(network.family, sk)
    with pytest.raises(OSError, match="Bad file descriptor"):
        sock.get_nodelay()


# Payload protocol identifiers


@pytest.mark.kernel
@pytest.mark.parametrize(
    "order, sent, seen",
    [("raw", 60, htonl(60)), ("raw", htonl(60), 60), ("0.7.3", 60, 60)],
)
def test_order_of_identifiers(make_pair, monkeypatch, order, sent, seen):
    monkeypatch.setattr(pysctp, "_warned_of_ppid", True)
    client, peer, _ = make_pair()
    peer.events.data_io = 1
    monkeypatch.setattr(pysctp, "ppid_order", order)
    client.sctp_send(b"x", ppid=sent)
    assert ntohl(peer.sctp_recv(10)[3].ppid) == seen
    # The attribute of the socket has priority.
    monkeypatch.setattr(pysctp, "ppid_order", "no order")
    client.ppid_order = order
    client.sctp_send(b"x", ppid=sent)
    assert ntohl(peer.sctp_recv(10)[3].ppid) == seen


@pytest.mark.kernel
def test_order_of_a_server_is_that_of_its_sockets(make, make_server):
    server, client = make_server(), make()
    server.ppid_order = "0.7.3"
    client.events.data_io = 1
    client.connect(server.getsockname())
    peer, _ = server.accept()
    with peer:
        assert peer.ppid_order == "0.7.3"
        peer.sctp_send(b"x", ppid=200)
        assert ntohl(client.sctp_recv(10)[3].ppid) == 200


@pytest.mark.kernel
def test_adaptation_layer_is_the_default_identifier(make_pair):
    client, peer, _ = make_pair()
    peer.events.data_io = 1
    client.adaptation = 77
    for order, seen in ("raw", htonl(77)), ("0.7.3", 77):
        client.ppid_order = order
        client.sctp_send(b"x")
        assert ntohl(peer.sctp_recv(10)[3].ppid) == seen


@pytest.mark.kernel
def test_unknown_order_is_an_error(make_pair, monkeypatch):
    client, _, _ = make_pair()
    monkeypatch.setattr(pysctp, "ppid_order", "host")
    with pytest.raises(ValueError, match=r"must be 'raw' or '0\.7\.3', not 'host'"):
        client.sctp_send(b"x", ppid=60)


@pytest.mark.kernel
@pytest.mark.skipif(sys.byteorder == "big", reason="both orders are the same")
def test_identifier_that_was_not_swapped_draws_one_warning(make_pair, unwarned):
    client, peer, _ = make_pair()
    with pytest.warns(RuntimeWarning) as caught:
        client.sctp_send(b"x", ppid=60)
        client.sctp_send(b"x", ppid=60)
        client.sctp_send(b"x", ppid=46)
    (warning,) = caught
    assert warning.filename == __file__
    for part in "ppid=60", f"{htonl(60)}", "NGAP", 'sctp.pysctp.ppid_order = "0.7.3"':
        assert part in str(warning.message)
    assert peer.sctp_recv(10)[2] == b"x"


@pytest.mark.kernel
@pytest.mark.parametrize("ppid", [None, 0, 200, htonl(60), -1])
def test_other_identifiers_draw_none(make_pair, unwarned, ppid):
    client, _, _ = make_pair()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        client.adaptation = 60
        client.sctp_send(b"x", ppid=ppid)
        client.ppid_order = "0.7.3"
        client.sctp_send(b"x", ppid=60)
