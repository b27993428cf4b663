"""Mixed traffic for some time: every message arrives, and nothing piles up.
Associations of all kinds are set up and end in rounds. At the end of a round none is
left. Then the memory and the descriptors of the process are compared with those of
other rounds."""

import asyncio
import gc
import itertools
import os
import random
import selectors
import struct
import sys
import threading
import time
from collections import Counter, deque
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from socket import (
    AF_INET,
    AF_INET6,
    MSG_DONTWAIT,
    MSG_EOR,
    SHUT_WR,
    SO_LINGER,
    SO_SNDBUF,
    SOCK_SEQPACKET,
    SOCK_STREAM,
    SOL_SOCKET,
)
from statistics import mean
from typing import NamedTuple

import pytest

import sctp
import sctp.asyncio
import sctp.sync
from _sctp import sctp as core
from sctp import IPPROTO_SCTP, sctp_sndinfo

pytestmark = [
    pytest.mark.kernel,
    pytest.mark.linux,
]

WORKERS = 4
# So many at once per worker that there are 500 associations in all.
LIVES = 96
LEAST_ROUNDS = 5
SECONDS_TO_ANSWER = 60

STREAMS = 16
BUFFER_SIZE = 1 << 18
SIZES = 200, 3_000, 20_000, 70_000
AUTOCLOSE_SECONDS = 4

SERVER, CLIENT = 0, 1
HOSTS = {
    AF_INET: [[(f"10.{net}.0.{host}", 0) for net in (1, 2)] for host in (1, 2)],
    AF_INET6: [[(f"fd00:{net}::{host}", 0, 0, 0) for net in (1, 2)] for host in (1, 2)],
}

# The policies that may abandon a message, and those that do not if nothing is lost.
LOSSY = [
    {"pr_policy": sctp.SCTP_PR_SCTP_TTL, "pr_value": 1},
    {"pr_policy": sctp.SCTP_PR_SCTP_RTX, "pr_value": 0},
    {"pr_policy": sctp.SCTP_PR_SCTP_PRIO, "pr_value": 5},
]
SAFE_AT_FIRST = [
    {"pr_policy": sctp.SCTP_PR_SCTP_RTX, "pr_value": 1_000},
    {"pr_policy": sctp.SCTP_PR_SCTP_NONE, "pr_value": 0},
]
SAFE = [*SAFE_AT_FIRST, {"pr_policy": sctp.SCTP_PR_SCTP_TTL, "pr_value": 600_000}]


def own_address(end, assoc_id):
    hosts = [host for host, *_ in HOSTS[end.family][CLIENT]]
    return next(
        (own for own in end.sock.sctp_getladdrs(assoc_id) if own[0] in hosts),
        end.sock.sctp_getladdrs(assoc_id)[0],
    )


# The values that an option needs besides the association.
FIELDS = {
    "SCTP_EVENT": lambda *_: {"se_type": sctp.SCTP_ASSOC_CHANGE},
    "SCTP_GET_PEER_ADDR_INFO": lambda end, assoc_id: {
        "spinfo_address": end.sock.sctp_getpaddrs(assoc_id)[0]
    },
    "SCTP_PR_STREAM_STATUS": lambda *_: {"sprstat_policy": sctp.SCTP_PR_SCTP_ALL},
    "SCTP_PR_ASSOC_STATUS": lambda *_: {"sprstat_policy": sctp.SCTP_PR_SCTP_ALL},
    "SCTP_SET_PEER_PRIMARY_ADDR": lambda end, assoc_id: {
        "sspp_addr": own_address(end, assoc_id)
    },
    "SCTP_AUTH_CHUNK": lambda *_: {"sauth_chunk": sctp.ChunkTypes.ASCONF},
    "SCTP_AUTH_KEY": lambda *_: {"sca_keynumber": 13, "sca_key": b"some secret"},
    "SCTP_AUTH_DEACTIVATE_KEY": lambda *_: {"scact_keynumber": 13},
    "SCTP_AUTH_DELETE_KEY": lambda *_: {"scact_keynumber": 13},
    "SCTP_RESET_STREAMS": lambda *_: {
        "srs_flags": sctp.SCTP_STREAM_RESET_OUTGOING,
        "srs_stream_list": (0, 1),
    },
    "SCTP_ADD_STREAMS": lambda *_: {"sas_outstrms": 1},
}

# Options that change streams are only used on an association that is aborted
# afterwards, because Linux may then fail later messages or never send them. Options of
# other associations are not set either: after that, one shutdown in about 50,000 did
# not end.
REQUESTS = "SCTP_RESET_STREAMS", "SCTP_RESET_ASSOC", "SCTP_ADD_STREAMS"


# Messages

# The number of the association, of the message, its ppid, its stream, what
# kind it is, and the length of what follows.
HEADER = struct.Struct("!IIIHBxI")
ECHO, ORDERED, MAY_BE_LOST, PEEL_OFF = 1, 2, 4, 8
PERIOD = 251
PATTERN = bytes(range(PERIOD)) * 300


class Header(NamedTuple):
    serial: int
    number: int
    ppid: int
    sid: int
    kind: int
    size: int

    def fill(self):
        """The bytes that follow a header."""
        start = (self.serial + self.number) % PERIOD
        return PATTERN[start : start + self.size]


def check_message(data, info):
    """Reads the header of a message, which must be unchanged."""
    header = Header(*HEADER.unpack_from(data))
    assert data[HEADER.size :] == header.fill()
    assert (info["rcv_sid"], info["rcv_ppid"]) == (header.sid, header.ppid)
    return header


def cut(data, random):
    """The data in pieces, which are buffers of several types."""
    pieces = []
    view = memoryview(data)
    for convert in random.sample([bytes, bytearray, memoryview], random.randint(1, 3)):
        end = random.randint(0, len(view))
        pieces.append(convert(view[:end]))
        view = view[end:]
    return [*pieces, view]


class Ledger:
    """What each side reports about an association that is over. Both must agree.
    Then it is forgotten."""

    def __init__(self):
        self.lock = threading.Lock()
        self.serials = itertools.count(1)
        self.counts = Counter()
        self.open = {}
        self.alive = self.most_alive = 0

    def begin(self):
        with self.lock:
            self.alive += 1
            self.most_alive = max(self.most_alive, self.alive)
            return next(self.serials)

    def count(self, counts):
        with self.lock:
            self.counts += counts

    def end_client(self, serial, **said):
        self._end(serial, "client", said)
        with self.lock:
            self.alive -= 1

    def end_server(self, serial, **said):
        self._end(serial, "server", said)

    def _end(self, serial, side, said):
        with self.lock:
            both = self.open.setdefault(serial, {})
            assert side not in both
            both[side] = said
            if len(both) == 2:
                del self.open[serial]
                self._compare(both["client"], both["server"])

    def _compare(self, sent, arrived):
        if sent["aborted"]:
            assert arrived["reliable"] <= sent["reliable"]
        else:
            assert arrived["graceful"]
            # Linux breaks off what arrives in pieces, and says so, when the
            # peer gives up another message.
            broken_off = sent["reliable"] - arrived["reliable"]
            assert 0 <= broken_off <= arrived["broken_off"]
            self.counts["broken off"] += broken_off
            self.counts["arrived as they must"] += arrived["reliable"]
        assert arrived["may_be_lost"] <= sent["may_be_lost"]
        self.counts["abandoned"] += sent["may_be_lost"] - arrived["may_be_lost"]
        self.counts["associations"] += 1
        self.counts["associations aborted"] += sent["aborted"]


# Both sides


class Link:
    """An association, as one side sees it."""

    def __init__(self, serial=None):
        self.serial = serial
        self.numbers = itertools.count()
        self.last = {}
        self.pieces = []
        self.reliable = self.may_be_lost = self.broken_off = 0
        self.echoes = {}
        self.end = None

    def tally(self, header):
        if header.kind & MAY_BE_LOST:
            self.may_be_lost += 1
        else:
            self.reliable += 1

    def check_order(self, header):
        if header.kind & ORDERED:
            assert header.number > self.last.get(header.sid, -1)
            self.last[header.sid] = header.number


class End:
    """A socket and its associations. If it has many, they are kept by their
    identifiers."""

    def __init__(self, side, sock):
        self.side = side
        self.sock = sock
        self.is_many = sock.sctp_type == "one-to-many"
        self.links = {}
        # The latest events, for the text of an error.
        self.history = deque(maxlen=12)

    def id_of(self, link):
        """The identifier of the association, or 0 if the socket has only one."""
        return next(key for key, known in self.links.items() if known is link)

    def link(self, assoc_id):
        key = assoc_id if self.is_many else 0
        if key not in self.links:
            self.links[key] = Link()
        return self.links[key]

    def receive(self, flags=0):
        """Reads once. Returns (link, header) for a whole message, and (link, None)
        for a notification or a piece of a message. At the end of an association,
        returns (None, None)."""
        data, _, info, _, flags = self.sock.sctp_recvv(BUFFER_SIZE, flags)
        if flags & sctp.MSG_NOTIFICATION:
            assert flags & MSG_EOR
            return self.notice(data), None
        if not data:
            return None, None
        if isinstance(info, sctp.sctp_recvv_rn):
            info = info.rcvinfo
        link = self.link(info["rcv_assoc_id"])
        link.pieces.append(data)
        if not flags & MSG_EOR:
            self.side.counts["pieces"] += 1
            return link, None
        data = b"".join(link.pieces)
        link.pieces.clear()
        header = check_message(data, info)
        self.side.counts["received"] += 1
        return link, header

    def notice(self, data):
        notif = sctp.parse_notification(data)
        type = sctp.NotificationType(notif["sn_type"])
        self.side.counts[type.name] += 1
        description = sctp.describe_notification(notif)
        assert description.endswith(".")
        self.history.append(description)
        sctp.error_causes(notif)
        key = next(key for key in notif if key.endswith("_assoc_id"))
        # A notification may still come for an association that is over.
        key = notif[key] if self.is_many else 0
        link = self.links.get(key) or Link()
        if type == sctp.SCTP_ASSOC_CHANGE:
            state = notif["sac_state"]
            assert state != sctp.SCTP_CANT_STR_ASSOC
            if state in (sctp.SCTP_COMM_LOST, sctp.SCTP_SHUTDOWN_COMP):
                link.end = state
                del self.links[key]
            else:
                self.links[key] = link
        elif type == sctp.SCTP_PARTIAL_DELIVERY_EVENT:
            link.pieces.clear()
            link.broken_off += 1
        return link


class Side:
    """The common part of servers and clients: the counts and the sockets of a
    thread."""

    def __init__(self, ledger):
        self.ledger = ledger
        self.counts = Counter()
        self.random = random.Random(0)

    def hand_in(self):
        self.ledger.count(self.counts)
        self.counts.clear()

    def make(self, family, type):
        """A socket that gets every notification and info."""
        sock = sctp.sctp_socket(family, type)
        try:
            sock.settimeout(SECONDS_TO_ANSWER)
            for option in sctp.SCTP_NODELAY, sctp.SCTP_RECVRCVINFO:
                sock.setsockopt(IPPROTO_SCTP, option, 1)
            next_too = self.random.random() < 0.5
            sock.setsockopt(IPPROTO_SCTP, sctp.SCTP_RECVNXTINFO, next_too)
            for event in sctp.NotificationType:
                watch = sctp.sctp_event(se_type=event, se_on=1)
                sock.setsockopt(IPPROTO_SCTP, sctp.SCTP_EVENT, watch)
            for option, value in (
                (sctp.SCTP_INITMSG, sctp.sctp_initmsg(sinit_num_ostreams=STREAMS)),
                (sctp.SCTP_ENABLE_STREAM_RESET, sctp.sctp_assoc_value(assoc_value=7)),
                (
                    sctp.SCTP_ADAPTATION_LAYER,
                    sctp.sctp_setadaptation(ssb_adaptation_ind=7),
                ),
            ):
                sock.setsockopt(IPPROTO_SCTP, option, value)
        except BaseException:
            sock.close()
            raise
        return sock


# Servers


class Server(Side):
    """A thread that answers on listening sockets of one type, and on the sockets
    that they give."""

    def __init__(self, ledger, type, count):
        super().__init__(ledger)
        self.stop = threading.Event()
        self.selector = selectors.DefaultSelector()
        self.addresses = {AF_INET: [], AF_INET6: []}
        self.listening = []
        answer = self.accept if type == SOCK_STREAM else self.answer
        for family, hosts in HOSTS.items():
            for _ in range(count):
                sock = self.make(family, type)
                self.listening.append(sock)
                sock.sctp_bindx(hosts[SERVER], sctp.SCTP_BINDX_ADD_ADDR)
                sock.listen(512)
                port = sock.getsockname()[1]
                addresses = [(host, port, *more) for host, _, *more in hosts[SERVER]]
                self.addresses[family].append(addresses)
                self.register(sock, answer)

    def close(self):
        for sock in [key.fileobj for key in self.selector.get_map().values()]:
            sock.close()
        self.selector.close()

    def register(self, sock, answer):
        sock.settimeout(SECONDS_TO_ANSWER)
        self.selector.register(sock, selectors.EVENT_READ, (answer, End(self, sock)))
        return self.selector.get_key(sock).data[1]

    def is_idle(self):
        return len(self.selector.get_map()) == len(self.listening)

    def serve(self):
        while not self.stop.is_set():
            for key, _ in self.selector.select(0.1):
                answer, end = key.data
                answer(end)
            self.hand_in()

    def accept(self, end):
        sock, _ = end.sock.accept()
        self.counts["accept"] += 1
        self.register(sock, self.answer)

    def answer(self, end):
        with suppress(BlockingIOError):
            for _ in range(32):
                link, header = end.receive(MSG_DONTWAIT)
                if link is None:  # its last notification comes soon
                    return
                if header is not None:
                    end = self.take(end, link, header)
                elif link.end is not None:
                    self.finish(end, link)
                    if not end.is_many:
                        return

    def take(self, end, link, header):
        """Counts a message, and does what it asks for."""
        link.serial = link.serial or header.serial
        assert link.serial == header.serial
        link.tally(header)
        link.check_order(header)
        assoc_id = end.id_of(link)
        if header.kind & ECHO:
            info = sctp_sndinfo(
                snd_sid=header.sid, snd_ppid=header.ppid, snd_assoc_id=assoc_id
            )
            end.sock.sctp_sendv([HEADER.pack(*header), header.fill()], None, info)
            self.counts["echoed"] += 1
        if header.kind & PEEL_OFF:
            peeled = self.register(end.sock.sctp_peeloff(assoc_id), self.answer)
            peeled.links[0] = end.links.pop(assoc_id)
            self.counts["sctp_peeloff"] += 1
            # The selector reports messages in the queue of the new socket.
        return end

    def finish(self, end, link):
        if not end.is_many:
            self.selector.unregister(end.sock)
            end.sock.close()
        self.ledger.end_server(
            link.serial,
            reliable=link.reliable,
            may_be_lost=link.may_be_lost,
            broken_off=link.broken_off,
            graceful=link.end == sctp.SCTP_SHUTDOWN_COMP,
        )


# Clients


class Client(Side):
    """A thread that handles many associations at once, step by step."""

    def __init__(self, ledger, seed, one, many):
        super().__init__(ledger)
        self.random = random.Random(seed)
        self.one, self.many = one, many
        self.options, self.requests = (
            itertools.cycle([row for row in core._options if accept(row[0])])
            for accept in (lambda name: name not in REQUESTS, REQUESTS.__contains__)
        )

    def live_round(self):
        lives = [self.live(idle=number < 3) for number in range(LIVES)]
        while lives:
            at = self.random.randrange(len(lives))
            try:
                next(lives[at])
            except StopIteration:
                lives[at] = lives[-1]
                lives.pop()
        self.hand_in()

    def live(self, idle):
        family = self.random.choice([AF_INET, AF_INET6])
        if idle:
            return self.live_idle(family)
        if self.random.random() < 1 / 3:
            return self.live_many(family)
        return self.live_one(family)

    def make_end(self, family, type):
        """A socket that is bound to an address of the first network, or to any
        address."""
        end = End(self, self.make(family, type))
        end.family = family
        # Without it, SCTP_INTERLEAVING_SUPPORTED is refused.
        end.sock.setsockopt(IPPROTO_SCTP, sctp.SCTP_FRAGMENT_INTERLEAVE, 1)
        if not end.is_many:  # later, its port is fixed
            end.sock.setsockopt(IPPROTO_SCTP, sctp.SCTP_REUSE_PORT, 0)
            self.counts["write SCTP_REUSE_PORT"] += 1
        end.may_write = False
        end.is_bound = self.random.random() < 0.5
        if end.is_bound:
            addresses = HOSTS[family][CLIENT][:1]
            end.sock.sctp_bindx(addresses, sctp.SCTP_BINDX_ADD_ADDR)
        return end

    def live_one(self, family):
        random = self.random
        end = self.make_end(family, SOCK_STREAM)
        with end.sock as sock:
            server = random.choice([self.one, self.many])
            addresses = random.choice(server.addresses[family])
            link = end.links[0] = Link(self.ledger.begin())
            way_to_end = random.choice(["close", "shutdown", "linger"])
            end.may_write = way_to_end == "linger"
            way = random.choice(["connect", "connectx", "implicit"])
            self.counts[way] += 1
            if way == "connect":
                sock.connect(addresses[0])
            elif way == "connectx":
                sock.sctp_connectx(addresses)
            peel = server is self.many and random.random() < 0.5
            self.send(
                end,
                link,
                ECHO | PEEL_OFF * peel,
                addresses=addresses if way == "implicit" else None,
            )
            yield from self.talk(end)
            self.counts[f"ended by {way_to_end}"] += 1
            if way_to_end == "linger":
                self.use_option(end, 0, self.requests)
            else:
                self.send_some(end, link, 0)
            if way_to_end == "shutdown":
                sock.shutdown(SHUT_WR)
                yield from self.wait_for_end(end)
                assert link.end == sctp.SCTP_SHUTDOWN_COMP
            elif way_to_end == "linger":
                sock.setsockopt(SOL_SOCKET, SO_LINGER, struct.pack("ii", 1, 0))
        self.finish(link, aborted=way_to_end == "linger")

    def live_many(self, family):
        random = self.random
        end = self.make_end(family, SOCK_SEQPACKET)
        with end.sock:
            servers = self.many.addresses[family]
            for addresses in random.sample(servers, random.randint(1, len(servers))):
                self.begin(end, addresses)
                yield
            yield from self.talk(end)
            begun = list(end.links.values())
            way = random.choice(["close", "flags"])
            aborted = set()
            for link in begun:
                self.send_some(end, link, 0)
                if way == "flags":
                    flag = random.choice([sctp.SCTP_EOF, sctp.SCTP_ABORT])
                    if flag == sctp.SCTP_ABORT:
                        aborted.add(link)
                    info = sctp_sndinfo(snd_flags=flag, snd_assoc_id=end.id_of(link))
                    text = [b"enough"] if flag == sctp.SCTP_ABORT else []
                    end.sock.sctp_sendv(text, None, info)
                    self.counts[f"ended by {'abort' if text else 'eof'}"] += 1
                else:
                    self.counts["ended by close of many"] += 1
            if way == "flags":
                yield from self.wait_for_end(end)
        for link in begun:
            self.finish(link, aborted=link in aborted)

    def live_idle(self, family):
        """An association that is about to be closed for being idle is not used.
        Until then it is used in one step, so that it is not idle too soon."""
        end = self.make_end(family, SOCK_SEQPACKET)
        with end.sock as sock:
            sock.setsockopt(IPPROTO_SCTP, sctp.SCTP_AUTOCLOSE, AUTOCLOSE_SECONDS)
            self.counts["write SCTP_AUTOCLOSE"] += 1
            link = self.begin(end, self.random.choice(self.many.addresses[family]))
            self.listen_to(end)
            self.send_some(end, link, 0)
            yield from self.wait_for_end(end)
            assert link.end == sctp.SCTP_SHUTDOWN_COMP
            self.counts["ended by autoclose"] += 1
        self.finish(link, aborted=False)

    def begin(self, end, addresses):
        """Sets up another association of a one-to-many socket."""
        link = Link(self.ledger.begin())
        if self.random.random() < 0.5:
            assoc_id = end.sock.sctp_connectx(addresses, assoc_id=True)
            end.links[assoc_id] = link
            self.send(end, link, ECHO)
            self.counts["connectx of many"] += 1
        else:
            self.send(end, link, ECHO, addresses=addresses)
            self.counts["implicit of many"] += 1
            # The echo tells which association it is.
            end.unknown = link
            while end.unknown:
                self.hear(end)
        return link

    def talk(self, end):
        yield
        self.listen_to(end)
        for turn in range(self.random.randint(1, 4)):
            for link in list(end.links.values()):
                yield
                self.send_some(end, link, self.random.choice([0, ECHO]))
                for _ in range(3):
                    self.use_option(end, end.id_of(link), self.options)
            if end.is_bound:
                added = HOSTS[end.family][CLIENT][1:]
                how = (sctp.SCTP_BINDX_ADD_ADDR, sctp.SCTP_BINDX_REM_ADDR)[turn % 2]
                end.sock.sctp_bindx(added, how)
                self.counts["sctp_bindx"] += 1
            yield
            self.listen_to(end)

    def send_some(self, end, link, kind):
        for _ in range(self.random.randint(1, 8)):
            self.send(end, link, kind)

    def send(self, end, link, kind, addresses=None):
        random = self.random
        number = next(link.numbers)
        size = random.randint(0, random.choices(SIZES, [70, 20, 8, 2])[0])
        if kind & ECHO:  # the answers wait in the receive buffer
            size = min(size, SIZES[1])
        values, info = {}, None
        # Without an info, the socket has only one association, and all values are 0.
        if end.is_many or random.random() < 0.8:
            flags = sctp.SCTP_UNORDERED if random.random() < 0.25 else 0
            values = {
                "snd_sid": random.randrange(STREAMS),
                "snd_flags": flags,
                "snd_ppid": random.getrandbits(32),
                "snd_context": random.getrandbits(32),
                "snd_assoc_id": 0 if addresses else end.id_of(link),
            }
            info = sctp_sndinfo(**values)
        if random.random() < 0.3:
            infos = [info] if info else []
            lossy = not kind & (ECHO | PEEL_OFF) and random.random() < 0.3
            kind |= MAY_BE_LOST * lossy
            # For Linux, the time of a message that waits for the set-up is over.
            safe = SAFE if number > 0 else SAFE_AT_FIRST
            policy = random.choice(LOSSY if lossy else safe)
            infos.append(sctp.sctp_prinfo(**policy))
            if random.random() < 0.3:
                infos.append(sctp.sctp_authinfo(auth_keynumber=0))
            info = sctp.sctp_sendv_spa(infos)
        header = Header(
            link.serial,
            number,
            values.get("snd_ppid", 0),
            values.get("snd_sid", 0),
            kind | (0 if values.get("snd_flags") else ORDERED),
            size,
        )
        data = HEADER.pack(*header) + header.fill()
        try:
            sent = end.sock.sctp_sendv(cut(data, random), addresses, info)
        except OSError as error:
            with suppress(OSError):
                while end.links:
                    end.receive(MSG_DONTWAIT)
            error.add_note(", ".join(end.history))
            raise
        assert sent == len(data)
        self.counts["sent"] += 1
        self.counts["bytes sent"] += sent
        link.tally(header)
        if kind & ECHO:
            link.echoes[header.number] = header

    def listen_to(self, end):
        """Until every question has its answer."""
        while any(link.echoes for link in end.links.values()):
            self.hear(end)

    def hear(self, end, flags=0):
        link, header = end.receive(flags)
        if header is not None:
            if link.serial is None:
                # The first echo of an implicit association.
                known = end.unknown
                key = end.id_of(link)
                known.end = link.end
                end.links[key] = link = known
                end.unknown = None
            asked = link.echoes.pop(header.number)
            assert header == asked
            self.counts["echoes"] += 1
        return link

    def wait_for_end(self, end):
        deadline = time.monotonic() + SECONDS_TO_ANSWER
        while end.links:
            yield
            assert time.monotonic() < deadline, list(end.history)
            try:
                self.hear(end, MSG_DONTWAIT)
            except BlockingIOError:
                time.sleep(0.001)

    def finish(self, link, aborted):
        self.ledger.end_client(
            link.serial,
            reliable=link.reliable,
            may_be_lost=link.may_be_lost,
            aborted=aborted,
        )

    def use_option(self, end, assoc_id, options):
        """Takes the next option: reads it and sets the same value, or only sets it.
        The kernel may refuse a value that does not fit the socket or the moment."""
        name, number, structure, access, _ = next(options)
        value = self.value_for(end, name, structure, assoc_id)
        try:
            if "read" in access:
                if structure is None:
                    value = end.sock.getsockopt(IPPROTO_SCTP, number)
                else:
                    value = end.sock.getsockopt(IPPROTO_SCTP, number, value)
                self.counts[f"read {name}"] += 1
            if "write" in access and end.may_write:
                end.sock.setsockopt(IPPROTO_SCTP, number, value)
                self.counts[f"write {name}"] += 1
                end.history.append(name)
        except OSError as error:
            self.counts["options refused"] += 1
            assert error.errno

    def value_for(self, end, name, structure, assoc_id):
        cls = getattr(sctp, structure or "", None)
        if cls is None:  # a number, or a list of an association
            return assoc_id
        values = {key: assoc_id for key in cls.__fields__ if key.endswith("assoc_id")}
        return cls(**values, **FIELDS.get(name, lambda *_: {})(end, assoc_id))


class Sample(NamedTuple):
    """What the process holds while there is no association."""

    associations: int
    blocks: int
    memory: int
    descriptors: int


def take_sample(associations):
    """What the process holds after so many associations."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return Sample(
        associations,
        sys.getallocatedblocks(),
        pages * os.sysconf("SC_PAGE_SIZE"),
        len(os.listdir("/proc/self/fd")),
    )


def read_lines(path):
    return Path("/proc/thread-self/net/sctp", path).read_text().splitlines()


@pytest.fixture
def sides(own_network):
    """The servers, and the clients that use them."""
    own_network.set(
        addip_enable=1,
        addip_noauth_enable=1,
        auth_enable=1,
        reconf_enable=1,
        intl_enable=1,
        # A slow association must not take the room of others.
        sndbuf_policy=1,
        rcvbuf_policy=1,
        # Data for a removed address soon goes to another one.
        rto_min=100,
        rto_initial=200,
        rto_max=1_000,
    )
    ledger = Ledger()
    servers = Server(ledger, SOCK_STREAM, 1), Server(ledger, SOCK_SEQPACKET, 4)
    clients = [Client(ledger, seed, *servers) for seed in range(WORKERS)]
    yield ledger, servers, clients
    for server in servers:
        server.close()


def test_nothing_is_lost_and_nothing_piles_up(sides, wait_for, pytestconfig):
    ledger, servers, clients = sides
    samples = []
    end = time.monotonic() + pytestconfig.getoption("--soak-seconds")

    def is_quiet():
        return (
            not ledger.open
            and all(server.is_idle() for server in servers)
            and len(read_lines("assocs")) == 1  # its head
        )

    with ThreadPoolExecutor(len(servers) + len(clients)) as pool:
        serving = [pool.submit(server.serve) for server in servers]
        try:
            while len(samples) < LEAST_ROUNDS or time.monotonic() < end:
                for round in [pool.submit(client.live_round) for client in clients]:
                    round.result()
                wait_for(is_quiet, SECONDS_TO_ANSWER)
                gc.collect()
                sample = take_sample(ledger.counts["associations"])
                samples.append(sample)
                print(*sample, flush=True)
        finally:
            for server in servers:
                server.stop.set()
            for served in serving:
                served.result()
    for what, count in sorted(ledger.counts.items()):
        print(f"{count:10,} {what}")
    print(f"{ledger.most_alive:10,} associations at once")
    assert_all_was_used(ledger.counts)
    assert_flat(samples)


def assert_all_was_used(counts):
    for name, _, _, access, _ in core._options:
        for verb in access.split(", "):
            assert counts[f"{verb} {name}"], f"no {verb} of {name}"


def assert_flat(samples, noise=0):
    """Compares two windows, after a fifth of the time to warm up. noise is the
    number of blocks that come and go, as with few associations."""
    size = len(samples) * 2 // 5
    before, after = samples[-2 * size : -size], samples[-size:]
    first, last = (
        Sample(*map(mean, zip(*window, strict=True))) for window in (before, after)
    )
    associations = last.associations - first.associations
    assert {sample.descriptors for sample in before + after} == {after[0].descriptors}
    assert last.blocks - first.blocks < associations / 2 + noise
    assert last.memory - first.memory < 1 << 20


# Associations of the front ends


async def echo(association):
    async for message in association:
        await association.send(message.data, stream=message.stream)


def echo_by_thread(association):
    for message in association:
        association.send(message.data, stream=message.stream)


def make_messages(random):
    sizes = random.choices(SIZES, k=random.randint(1, 5))
    return [(random.randbytes(size), {"stream": random.randrange(8)}) for size in sizes]


def check_answers(messages, answers):
    """Within a stream, the order is kept."""
    by_stream = {}
    for data, keywords in messages:
        by_stream.setdefault(keywords["stream"], []).append(data)
    for answer in answers:
        assert answer.data == by_stream[answer.stream].pop(0)
    assert not any(by_stream.values())


async def live_as_task(port, random):
    messages = make_messages(random)
    association = await sctp.asyncio.connect(f"127.0.0.1:{port}")
    async with asyncio.timeout(SECONDS_TO_ANSWER):
        sending = asyncio.create_task(association.send_many(messages))
        check_answers(messages, [await association.receive() for _ in messages])
        await sending
        if random.random() < 0.5:
            await association.shutdown()
    association.abort()


def live_as_thread(port, random):
    messages = make_messages(random)
    association = sctp.sync.connect(
        f"127.0.0.1:{port}", timeout=random.choice([None, SECONDS_TO_ANSWER])
    )
    association.send_many(messages, timeout=SECONDS_TO_ANSWER)
    check_answers(
        messages, [association.receive(timeout=SECONDS_TO_ANSWER) for _ in messages]
    )
    if random.random() < 0.5:
        association.shutdown(timeout=SECONDS_TO_ANSWER)
    association.abort()


async def serve_endpoint(endpoint):
    """As sctp.asyncio.serve() does, for an endpoint."""

    async def handle(association):
        with suppress(OSError):
            await echo(association)
            await association.shutdown()

    async with asyncio.TaskGroup() as group:
        async for association in endpoint:
            group.create_task(handle(association))


def serve_endpoint_by_threads(endpoint):
    def handle(association):
        with suppress(OSError):
            echo_by_thread(association)
            association.shutdown()

    with ThreadPoolExecutor(4 * WORKERS) as pool:
        for association in endpoint:
            pool.submit(handle, association)


@contextmanager
def running_loop():
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    yield lambda coroutine: asyncio.run_coroutine_threadsafe(coroutine, loop)
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


def test_associations_of_the_front_ends(wait_for, pytestconfig):
    """Tasks and threads, each with servers and endpoints of both kinds."""
    rng = random.Random(1)
    samples, count = [], 0
    end = time.monotonic() + pytestconfig.getoption("--soak-seconds") / 4
    host, options = "127.0.0.1", {(SOL_SOCKET, SO_SNDBUF): 1 << 20}
    with (
        running_loop() as start,
        ThreadPoolExecutor(4 * WORKERS + 1) as pool,
        sctp.sync.serve(echo_by_thread, host, options=options) as for_threads,
        sctp.sync.open_endpoint(host, options=options) as many_for_threads,
    ):
        for_tasks = start(sctp.asyncio.serve(echo, host, options=options)).result()
        opening = start(sctp.asyncio.open_endpoint(host, options=options))
        many_for_tasks = opening.result()
        serving = [
            start(serve_endpoint(many_for_tasks)),
            pool.submit(serve_endpoint_by_threads, many_for_threads),
        ]
        servers = for_tasks, for_threads, many_for_tasks, many_for_threads
        ports = [server.addresses[0][1] for server in servers]

        async def live_as_tasks():
            async with asyncio.TaskGroup() as group:
                for port in ports * WORKERS:
                    group.create_task(live_as_task(port, rng))

        while len(samples) < 2 * LEAST_ROUNDS or time.monotonic() < end:
            lives = [
                pool.submit(live_as_thread, port, random.Random(rng.random()))
                for port in ports * WORKERS
            ]
            asyncio.run(live_as_tasks())
            for live in lives:
                live.result()
            count += 2 * len(lives)
            wait_for(lambda: not any(each.associations for each in servers))
            gc.collect()
            samples.append(take_sample(count))
            print(*samples[-1], flush=True)
        many_for_threads.close()
        for each in for_tasks, many_for_tasks:
            start(each.__aexit__(None, None, None)).result()
        for each in serving:
            each.result()
    assert_flat(samples, noise=1_000)
