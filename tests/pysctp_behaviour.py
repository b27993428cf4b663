"""What programs see of PySCTP's API: its names, and what its calls do.

As a program, run over the kernel with an environment that has PySCTP in place of
this package, it records that in the file that test_pysctp_records.py compares ours
with: pysctp_behaviour.py VERSION.
"""

import contextlib
import importlib
import json
import re
import select
import signal
import socket
import sys
import warnings
from pathlib import Path
from socket import AF_INET, AF_INET6

FILE = Path(__file__).with_suffix(".json")
HERE = "127.0.0.1"
# Seconds, longer than anything takes that is done at once.
PATIENCE = 5
EVENTS = (
    "association",
    "address",
    "send_failure",
    "peer_error",
    "shutdown",
    "partial_delivery",
    "adaptation_layer",
)
PROPERTIES = (
    "nodelay",
    "adaptation",
    "disable_fragments",
    "mappedv4",
    "maxseg",
    "autoclose",
    "ttl",
    "streamid",
)
PARAMETERS = ("num_ostreams", "max_instreams", "max_attempts", "max_init_timeo")
VALUES = (1, True, 0, 5, -1, 2**31, 2**32, "x", None, 1.5)
# These attributes differ from run to run.
MEASURED = ("cwnd", "mtu", "pathmtu", "rwnd", "srtt", "rto", "fragmentation_point")
COUNTED = ("ssn", "tsn", "cumtsn")
CONSTANTS = (
    "BINDX_ADD",
    "IPPROTO_SCTP",
    "MSG_EOF",
    "MSG_FIN",
    "MSG_NOTIFICATION",
    "MSG_SENDALL",
    "SCTP_BOUND",
    "SCTP_COMM_UP",
    "SCTP_EMPTY",
    "SCTP_SN_TYPE_BASE",
    "SOCK_STREAM",
    "SOL_SCTP",
    "SPP_HB_DISABLED",
    "nothing",
)


def load():
    try:
        return importlib.import_module("sctp.pysctp")
    except ImportError:
        return importlib.import_module("sctp")


sctp = load()


def give_up(*_):
    raise TimeoutError(f"nothing for {PATIENCE} s")


def show(value):
    """A value in the form of JSON, without the parts that differ from run to run."""
    if isinstance(value, bool | None | str):
        return value
    if isinstance(value, int):
        return int(value)
    if isinstance(value, bytes):
        return f"bytes of {value.decode('latin-1')}"
    if isinstance(value, tuple | list):
        kind = type(value).__name__
        if kind == "tuple" and len(value) in (2, 4) and isinstance(value[0], str):
            value = (value[0], "port" if value[1] else 0, *value[2:])
        return [kind, *map(show, value)]
    if isinstance(value, dict):
        return {key: show(field) for key, field in value.items()}
    name = type(value).__name__
    if isinstance(value, sctp.sctpsocket | sctp.event_subscribe | sctp.initparams):
        return name
    shown = {}
    for key, field in sorted(vars(value).items()):
        if key == "assoc_id":
            field = "an identifier" if field else 0
        elif key in MEASURED or key in COUNTED:
            field = "a number" if field else 0
        shown[key] = show(field)
    return {name: shown}


def see(call, *args, **kwargs):
    """What a call returns or raises, as JSON."""
    signal.setitimer(signal.ITIMER_REAL, PATIENCE)
    try:
        return show(call(*args, **kwargs))
    except Exception as error:
        number = error.args[0] if isinstance(error, OSError) and error.args else None
        return f"{type(error).__name__}" + (
            f" {number}" if isinstance(number, int) else ""
        )
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


class Sockets:
    """Makes sockets, and closes all of them at the end."""

    def __init__(self):
        self.made = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for sock in self.made:
            sock.close()

    def add(self, sock):
        self.made.append(sock)
        return sock

    def tcp(self, family=AF_INET):
        return self.add(sctp.sctpsocket_tcp(family))

    def udp(self, family=AF_INET):
        return self.add(sctp.sctpsocket_udp(family))

    def server(self, sock, host=HERE):
        sock.bindx([(host, 0)])
        sock.listen(5)
        return sock

    def pair(self):
        listener = self.server(self.tcp())
        client = self.tcp()
        client.nodelay = True
        client.bindx([(HERE, 0)])
        client.connect(listener.getsockname())
        accepted, _ = listener.accept()
        return client, self.add(accepted), listener


def names():
    """The public names: the numbers, and the kind of each other name."""
    public = {}
    for name in dir(sctp):
        value = getattr(sctp, name)
        if not name.startswith("_") and name not in socket.__all__:
            number = isinstance(value, int)
            public[name] = int(value) if number else type(value).__name__
    return public


def members():
    """The numbers and the methods of each class."""
    found = {}
    for name in dir(sctp):
        cls = getattr(sctp, name)
        own = isinstance(cls, type) and cls.__module__ == sctp.__name__
        if own and not name.startswith("_"):
            found[name] = {
                member: int(value) if isinstance(value, int) else type(value).__name__
                for member, value in ((m, getattr(cls, m)) for m in dir(cls))
                if not member.startswith("_")
            }
    return found


def new_objects():
    seen = {}
    for cls in members():
        if cls not in ("sctpsocket", "sctpsocket_tcp", "sctpsocket_udp"):
            seen[cls] = see(getattr(sctp, cls))
            values = {"type": 1, "flags": 2, "foo": 3}
            seen[f"{cls} of values"] = see(getattr(sctp, cls), values)
    for values in ({}, {"type": sctp.notification.type_ASSOC_CHANGE, "state": 1}):
        seen[f"notification_factory({sorted(values)})"] = see(
            sctp.notification_factory, values
        )
    return seen


def constants():
    import _sctp

    seen = {name: see(_sctp.getconstant, name) for name in CONSTANTS}
    seen["features"] = see(sctp.features)
    return seen


def sockets():
    with Sockets() as made:
        tcp, udp = made.tcp(), made.udp()
        raw = made.add(socket.socket(AF_INET, socket.SOCK_STREAM, sctp.IPPROTO_SCTP))
        other = made.add(socket.socket(AF_INET, socket.SOCK_STREAM))
        wrapped = sctp.sctpsocket_tcp(AF_INET, raw)
        return {
            "kinds": [show(sock.type) for sock in (tcp, udp)],
            "protocol": tcp.proto,
            "style": [show(sock._style) for sock in (tcp, udp)],
            "_family": show(tcp._family),
            "_sk": tcp.sock() is tcp._sk and isinstance(tcp._sk, socket.socket),
            "wrapped": wrapped._sk is raw and wrapped.fileno() == raw.fileno(),
            "as a key": {tcp: 1}[tcp],
            "equal": tcp == tcp and tcp != udp,
            "select": show(select.select([], [udp], [], 0)[1] == [udp]),
            "of a style": see(sctp.sctpsocket, AF_INET, sctp.TCP_STYLE, None),
            "without sk": see(sctp.sctpsocket, AF_INET, sctp.TCP_STYLE),
            "of no family": see(sctp.sctpsocket_tcp),
            "of a bad family": see(sctp.sctpsocket_tcp, 99),
            "of a bad style": see(sctp.sctpsocket, AF_INET, 99, None),
            "of a TCP socket": see(sctp.sctpsocket_tcp, AF_INET, other),
            "of no socket": see(sctp.sctpsocket_tcp, AF_INET, object()),
            "unknown attribute": see(getattr, tcp, "nothing"),
            "with": see(lambda: contextlib.ExitStack().enter_context(made.tcp())),
            "unknown events": show(tcp.unexpected_event_raises_exception),
            "UDP accept": see(udp.accept),
            "TCP peeloff": see(tcp.peeloff, 1),
            "TCP get_autoclose": see(tcp.get_autoclose),
            "TCP set_autoclose": see(tcp.set_autoclose, 1),
        }


def properties():
    seen = {}
    with Sockets() as made:
        for kind in "tcp", "udp":
            for name in PROPERTIES:
                sock = getattr(made, kind)()
                seen[f"{kind}.{name}"] = see(getattr, sock, name)
                for value in VALUES:

                    def change(sock=sock, name=name, value=value):
                        setattr(sock, name, value)
                        return getattr(sock, name)

                    seen[f"{kind}.{name} = {value!r}"] = see(change)
        sock = made.tcp()
        for name in "sndbuf", "rcvbuf":
            seen[f"set_{name}"] = see(getattr(sock, f"set_{name}"), 50_000)
            seen[f"get_{name}"] = see(getattr(sock, f"get_{name}"))
            seen[f"set_{name}('x')"] = see(getattr(sock, f"set_{name}"), "x")
    return seen


def initparams():
    seen = {}
    with Sockets() as made:
        for name in PARAMETERS:
            sock = made.tcp()
            seen[name] = see(getattr, sock.initparams, name)
            for value in (3, 70_000, -1, "x", None, 1.5):

                def change(sock=sock, name=name, value=value):
                    setattr(sock.initparams, name, value)
                    return getattr(sock.initparams, name)

                seen[f"{name} = {value!r}"] = see(change)
                sock = made.tcp()
        params = made.tcp().initparams
        seen["initmsg"] = see(params.initmsg)
        seen["flush"] = see(params.flush)
        params.autoflush = False
        params.set_num_ostreams(7)
        seen["not flushed"] = params.get_num_ostreams()
        seen["in the kernel"] = params.container._get_initparams()["_num_ostreams"]
        params.flush()
        seen["flushed"] = params.container._get_initparams()["_num_ostreams"]
    return seen


def events():
    seen = {}
    with Sockets() as made:
        for sock in made.tcp(), made.udp():
            kind = type(sock).__name__
            seen[kind] = show(sock._get_events())
            for name in (*EVENTS, "data_io"):
                for value in (1, True, 0, 2):

                    def change(sock=sock, name=name, value=value):
                        setattr(sock.events, name, value)
                        return getattr(sock.events, name)

                    seen[f"{kind}.{name} = {value!r}"] = see(change)
                seen[f"{kind} with {name}"] = show(sock._get_events())
            sock.events.clear()
            seen[f"{kind} cleared"] = show(sock._get_events())
            sock.events.autoflush = False
            sock.events.set_shutdown(1)
            seen[f"{kind} not flushed"] = sock.events.get_shutdown()
            seen[f"{kind} in the kernel"] = show(sock._get_events()["_shutdown"])
            sock.events.flush()
            seen[f"{kind} flushed"] = show(sock._get_events()["_shutdown"])
        sock = made.tcp()
        for value in ("x", None):
            seen[f"shutdown = {value!r}"] = see(sock.events.set_shutdown, value)
    return seen


def addresses():
    with Sockets() as made:
        tcp, udp = made.tcp(), made.udp()
        seen = {
            "no local": see(tcp.getladdrs),
            "no peer": see(tcp.getpaddrs),
            "no such": see(udp.getladdrs, 77),
            "bindx": see(tcp.bindx, [(HERE, 0)]),
            "local": see(tcp.getladdrs),
            "of text": see(tcp.getladdrs, "x"),
            "remove the last": see(tcp.bindx, tcp.getladdrs(), sctp.BINDX_REMOVE),
            "a wrong action": see(tcp.bindx, [(HERE, 0)], 9),
            "any": see(udp.bindx, [("", 0)]),
        }
        for bad in ([], None, [1], [(HERE,)], [("192.0.2.1", 0)]):
            seen[f"bindx({bad})"] = see(made.tcp().bindx, bad)
        server = made.server(made.tcp())
        peer = server.getsockname()
        for bad in ([], None, [1], [(HERE,)], [(HERE, 1)]):
            seen[f"connectx({bad})"] = see(made.tcp().connectx, bad)
        seen["connectx"] = see(made.tcp().connectx, [peer])
        seen["connectx with a tuple"] = see(made.tcp().connectx, (peer,))
        seen["connectx with assoc_id"] = see(made.tcp().connectx, [peer], 5)
        patient, hasty = made.tcp(), made.tcp()
        patient.settimeout(PATIENCE)
        hasty.setblocking(False)
        seen["connectx with a timeout"] = see(patient.connectx, [peer])
        seen["connectx without blocking"] = see(hasty.connectx, [(HERE, 1)])
        seen["accept"] = see(lambda: server.accept())
        server.settimeout(0.1)
        for _ in range(4):
            with contextlib.suppress(TimeoutError):
                server.accept()
        seen["accept with a timeout"] = see(server.accept)
        six = made.udp(AF_INET6)
        seen["bindx in IPv6"] = see(six.bindx, [("::1", 0)])
        seen["local in IPv6"] = see(six.getladdrs)
        six.listen(1)
        other = made.udp(AF_INET6)
        other.bindx([("::1", 0)])
        seen["send in IPv6"] = see(other.sctp_send, b"6", ("::1", six.getsockname()[1]))
        seen["receive in IPv6"] = see(six.sctp_recv, 100)
        return seen


def messages():
    seen = {}
    with Sockets() as made:
        client, server, listener = made.pair()
        server.settimeout(None)
        client.nodelay = True

        def exchange(title, *args, **kwargs):
            seen[title] = see(client.sctp_send, *args, **kwargs)
            if isinstance(seen[title], int):
                seen[f"{title}: there"] = see(server.sctp_recv, 100)

        peer = listener.getsockname()
        exchange("bytes", b"bytes")
        exchange("str", "str \xe9")
        for bad in (b"", "", None, 5):
            exchange(f"msg={bad!r}", bad)
        exchange("bytearray", bytearray(b"ba"))
        exchange("memoryview", memoryview(b"mv"))
        exchange("unspecified", b"x", ("", 0))
        exchange("to its peer", b"x", peer)
        exchange("to another", b"x", ("127.0.0.2", 9))
        for bad in (None, "", (), (HERE,), (HERE, "x y")):
            exchange(f"to={bad!r}", b"x", bad)
        server.events.data_io = 1
        exchange("plain", b"x")
        exchange("all", b"x", ("", 0), socket.htonl(60), sctp.MSG_UNORDERED, 2, 0, 7)
        for name in "stream", "flags", "timetolive", "context", "ppid":
            for bad in ("x", 1.5, 2**32):
                exchange(f"{name}={bad!r}", b"x", **{name: bad})
        for stream in (9, 10, None, -1, 65536):
            exchange(f"stream={stream}", b"x", stream=stream)
        for context in (2**31 - 1, -1):
            exchange(f"context={context}", b"x", context=context)
        exchange("with a lifetime", b"x", timetolive=10_000)
        exchange("MSG_ADDR_OVER", b"x", flags=sctp.MSG_ADDR_OVER)
        exchange("MSG_ABORT", b"", flags=sctp.MSG_ABORT)
        exchange("an unknown keyword", b"x", nothing=1)
        client.streamid, client.ttl = 3, 255
        exchange("defaults", b"x")
        client.streamid = client.ttl = 0
        client.adaptation = 77
        exchange("adaptation layer", b"x")
        client.adaptation = 0
        exchange("two pieces", b"y" * 150)
        seen["the other piece"] = see(server.sctp_recv, 100)
        client.sendall(b"of the socket")
        seen["sendall"] = see(server.sctp_recv, 100)
        client.sctp_send(b"to the socket")
        seen["recv"] = see(server.recv, 100)
        for bad in ("x", None):
            seen[f"sctp_recv({bad!r})"] = see(server.sctp_recv, bad)
        server.settimeout(0.2)
        seen["with a timeout"] = see(server.sctp_recv, 100)
        server.setblocking(False)
        seen["without blocking"] = see(server.sctp_recv, 100)
        server.setblocking(True)
        client.close()
        seen["end"] = see(server.sctp_recv, 100)
        seen["after the end"] = see(server.sctp_recv, 100)
        seen["send after the end"] = see(server.sctp_send, b"x")
        seen["sctp_recv of a closed socket"] = see(client.sctp_recv, 100)
        seen["sctp_send of a closed socket"] = see(client.sctp_send, b"x")
        seen["nodelay of a closed socket"] = see(getattr, client, "nodelay")
        idle = made.tcp()
        seen["sctp_send of an idle socket"] = see(idle.sctp_send, b"x")
        seen["sctp_recv of an idle socket"] = see(idle.sctp_recv, 100)
    return seen


def identifiers():
    """Payload protocol identifiers: the argument, and what the peer sees."""
    seen = {}
    with Sockets() as made:
        client, server, _ = made.pair()
        server.events.data_io = 1
        for ppid in (60, 200, 0, 2**31, 2**32 - 1, -1, socket.htonl(60)):
            try:
                client.sctp_send(b"x", ppid=ppid)
                seen[ppid] = socket.ntohl(server.sctp_recv(100)[3].ppid)
            except OverflowError:
                seen[ppid] = "OverflowError"
    return {str(ppid): value for ppid, value in seen.items()}


def parameters():
    seen = {}
    with Sockets() as made:
        client, _, listener = made.pair()
        peer = listener.getsockname()
        idle, many = made.tcp(), made.udp()
        for title, sock, id in (
            ("connected", client, 0),
            ("idle", idle, 0),
            ("with an identifier", client, 5),
            ("UDP", many, 0),
            ("UDP with an identifier", many, 5),
        ):
            for kind in "status", "rtoinfo", "assocparams":
                get = getattr(sock, f"get_{kind}")
                seen[f"get_{kind}, {title}"] = see(get, id)
            for kind in "paddrinfo", "paddrparams":
                for address in (peer, ("", 0), ("127.0.0.9", 9)):
                    get = getattr(sock, f"get_{kind}")
                    port = "port" if address == peer else address[1]
                    seen[f"get_{kind}, {title}, {address[0]}, {port}"] = see(
                        get, id, address
                    )
            for kind in "set_primary", "set_peer_primary":
                own = kind == "set_peer_primary" and sock is client
                address = client.getsockname() if own else peer
                seen[f"{kind}, {title}"] = see(getattr(sock, kind), id, address)
        times = client.get_rtoinfo()
        times.initial, times.min = 2_000, 500
        seen["set_rtoinfo"] = see(client.set_rtoinfo, times)
        seen["set_rtoinfo: now"] = see(client.get_rtoinfo)
        times.min = 10**6
        seen["set_rtoinfo: bad"] = see(client.set_rtoinfo, times)
        times.unknown, times.min = 1, 500
        seen["set_rtoinfo: with more"] = see(client.set_rtoinfo, times)
        seen["set_rtoinfo: new"] = see(client.set_rtoinfo, sctp.rtoinfo())
        seen["set_rtoinfo: None"] = see(client.set_rtoinfo, None)
        params = client.get_assocparams()
        params.cookie_life = 5_000
        seen["set_assocparams"] = see(client.set_assocparams, params)
        seen["set_assocparams: now"] = see(client.get_assocparams)
        path = client.get_paddrparams(0, peer)
        path.pathmaxrxt, path.hbinterval = 3, 5_000
        seen["set_paddrparams"] = see(client.set_paddrparams, path)
        seen["set_paddrparams: now"] = see(client.get_paddrparams, 0, peer)
        seen["set_paddrparams: new"] = see(client.set_paddrparams, sctp.paddrparams())
    return seen


def told(sock, kind):
    """Receives the next notification of a class on a socket, and skips everything
    else."""
    while True:
        fromaddr, flags, msg, notif = sock.sctp_recv(2_000)
        if type(notif).__name__ == kind:
            return show((fromaddr, flags, msg, notif))


def notifications():
    seen = {}
    with Sockets() as made:
        server, client = made.server(made.udp()), made.udp()
        client.bindx([(HERE, 0)])
        client.adaptation = 99
        for sock in server, client:
            sock.nodelay = 1
            sock.settimeout(None)
            for name in (*EVENTS, "data_io"):
                setattr(sock.events, name, 1)
        peer = server.getsockname()
        seen["send"] = see(client.sctp_send, b"hello", peer, stream=1)
        for kind in "assoc_change", "adaptation_event", "sndrcvinfo":
            seen[f"up: {kind}"] = see(told, server, kind)
        client.sctp_send(b"more", peer)
        assoc_id = server.sctp_recv(100)[3].assoc_id
        seen["local"] = see(server.getladdrs, assoc_id)
        seen["peer"] = see(server.getpaddrs, assoc_id)
        seen["status"] = see(server.get_status, assoc_id)
        seen["peeloff of none"] = see(server.peeloff, 7_777)
        seen["peeloff of text"] = see(server.peeloff, "x")
        seen["to its identifier"] = see(server.sctp_send, b"x", assoc_id)
        peeled = made.add(server.peeloff(assoc_id))
        seen["peeled"] = [show(peeled), show(peeled.type), show(peeled._get_events())]
        seen["peeled: send"] = see(peeled.sctp_send, b"peeled")
        seen["MSG_EOF"] = see(client.sctp_send, b"", peer, flags=sctp.MSG_EOF)
        for kind in "shutdown_event", "assoc_change":
            seen[f"ended: {kind}"] = see(told, peeled, kind)
        client.sctp_send(b"again", peer)
        told(server, "sndrcvinfo")
        seen["MSG_ABORT"] = see(client.sctp_send, b"why", peer, flags=sctp.MSG_ABORT)
        seen["aborted"] = see(told, server, "assoc_change")
    return seen


def unknown_notification():
    """A notification for which PySCTP has no class: a socket is dry."""
    import struct

    with Sockets() as made:
        client, *_ = made.pair()
        seen = {}
        event = struct.pack("iHB", 0, 0x8009 if sys.platform == "linux" else 10, 1)
        client.setsockopt(sctp.IPPROTO_SCTP, 127, event.ljust(8, b"\0"))
        for raises in False, True:
            client.unexpected_event_raises_exception = raises
            client.sctp_send(b"x")
            seen[f"raises={raises}"] = see(client.sctp_recv, 100)
        return seen


def failed_message():
    """A message of text that was given up. With other bytes, PySCTP crashes."""
    with Sockets() as made:
        listener = made.tcp()
        listener.set_rcvbuf(4_000)
        made.server(listener)
        client = made.tcp()
        client.nodelay = True
        client.events.send_failure = 1
        client.connect(listener.getsockname())
        made.add(listener.accept()[0])
        client.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            while True:
                client.sctp_send(
                    b"z" * 1_000, timetolive=50, context=1234, ppid=5, stream=3
                )
        select.select([client], [], [], PATIENCE)
        _, flags, msg, notif = client.sctp_recv(2_000)
        notif.data = [type(notif.data).__name__, len(notif.data)]
        return {"flags": flags, "msg": msg, "notif": show(notif)}


TOPICS = (
    names,
    members,
    new_objects,
    constants,
    sockets,
    properties,
    initparams,
    events,
    addresses,
    messages,
    identifiers,
    parameters,
    notifications,
    unknown_notification,
    failed_message,
)


def record():
    before = signal.signal(signal.SIGALRM, give_up)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return {topic.__name__: topic() for topic in TOPICS}
    finally:
        signal.signal(signal.SIGALRM, before)


def write(records):
    """Writes records by version, one item per line."""
    text = json.dumps(records, sort_keys=True, indent=1)
    # Items are at the third level. Deeper values stay on the line of their item.
    text = re.sub(r"\n {4,}(?=\S)|\n {3}(?=[\]}])", "", text)
    FILE.write_text(f"{text}\n")


def read():
    return json.loads(FILE.read_text()) if FILE.exists() else {}


if __name__ == "__main__":
    write({**read(), sys.argv[1]: record()})
