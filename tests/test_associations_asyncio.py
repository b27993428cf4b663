"""Tests for sctp.asyncio only: cancelled tasks, closed loops, and clients that try
to take too much time."""

import asyncio
import gc
import itertools
import logging
import os
import subprocess
import sys
import threading
import time
import warnings
from contextlib import contextmanager, suppress
from socket import (
    AF_INET,
    SO_RCVBUF,
    SO_SNDBUF,
    SOCK_STREAM,
    SOL_SOCKET,
)

import fronts
import pytest
import system

import sctp
from sctp.asyncio import Association, connect, serve

pytestmark = [pytest.mark.kernel]
LOCAL = "127.0.0.1"
BOUND = 5
# Short timers, so that a closed window is probed soon.
SMALL_BUFFERS = {
    (SOL_SOCKET, SO_RCVBUF): 8192,
    (SOL_SOCKET, SO_SNDBUF): 8192,
    sctp.SCTP_RTOINFO: sctp.sctp_rtoinfo(srto_initial=10, srto_min=10, srto_max=20),
}


# Cancelling, everywhere


class SweepLoop(asyncio.SelectorEventLoop):
    """Cancels a task at a point: when a callback is scheduled (such as the wake-up
    of the task), or when a system call is made."""

    target = None
    left = 0

    def aim(self, task, point):
        self.target, self.left = task, point

    def tick(self):
        if self.target is not None and not self.target.done():
            self.left -= 1
            if self.left == 0:
                self.target.cancel()

    def call_soon(self, callback, *args, context=None):
        handle = super().call_soon(callback, *args, context=context)
        self.tick()
        return handle


class SweepSocket(sctp.sctp_socket):
    """Reports each system call of the loop."""

    def _told(name):
        def call(self, *args, **kwargs):
            try:
                return getattr(sctp.sctp_socket, name)(self, *args, **kwargs)
            finally:
                with suppress(RuntimeError, AttributeError):  # another loop, or none
                    asyncio.get_running_loop().tick()

        return call

    sctp_sendv = _told("sctp_sendv")
    sctp_sendv_many = _told("sctp_sendv_many")
    sctp_recvv_many = _told("sctp_recvv_many")
    sctp_connectx = _told("sctp_connectx")
    sctp_peeloff = _told("sctp_peeloff")
    shutdown = _told("shutdown")


async def make_pair(**kwargs):
    """A client, the accepted association and the server, on the sockets of a sweep."""
    accepted = asyncio.get_running_loop().create_future()

    async def keep(association):
        accepted.set_result(association)
        await association.wait_closed()

    listener, sock = (SweepSocket(AF_INET, SOCK_STREAM) for _ in range(2))
    server = await serve(keep, LOCAL, sock=listener, **kwargs)
    client = await connect(server.addresses, sock=sock, **kwargs)
    return client, await accepted, server


def sweep(scenario):
    """Runs scenario(aim) for every point at which the task that was given to aim can
    be cancelled. scenario returns whether it was cancelled."""
    before = system.open_descriptors()
    for point in itertools.count(1):
        with asyncio.Runner(loop_factory=SweepLoop, debug=True) as runner:
            loop = runner.get_loop()
            troubles = []
            loop.set_exception_handler(lambda _, context: troubles.append(context))  # noqa: B023

            async def run():
                def aim(coroutine):
                    task = asyncio.ensure_future(coroutine)
                    asyncio.get_running_loop().aim(task, point)  # noqa: B023
                    return task

                async with asyncio.timeout(BOUND):
                    return await scenario(aim)

            was_cancelled = runner.run(run())
            assert not troubles
            # The loop has its own pipe, by which it is woken.
            assert len(loop._selector.get_map()) == 1
        assert system.open_descriptors() == before
        if not was_cancelled:
            assert point > 2
            return
        assert point < 2000


async def end(client, accepted, server):
    server.close()
    client.abort()
    accepted.abort()
    await server.wait_closed()


@pytest.mark.parametrize("how", ["receive", "iterate"])
@pytest.mark.parametrize("others", [0, 2])
def test_cancelled_receivers_lose_nothing(how, others):
    async def scenario(aim):
        client, accepted, server = await make_pair()
        got = []

        async def receive_each():
            if how == "receive":
                for _ in range(6):
                    got.append((await accepted.receive()).data)
            else:
                async for message in accepted:
                    got.append(message.data)
                    if len(got) >= 6:
                        break

        async def receive_one():
            got.append((await accepted.receive()).data)

        task = aim(receive_each())
        tasks = [asyncio.create_task(receive_one()) for _ in range(others)]
        for number in range(6 + others):
            await client.send(b"%d" % number)
            await asyncio.sleep(0)
        await asyncio.wait([task])
        for each in tasks:
            await each
        while len(got) < 6 + others:
            got.append((await accepted.receive()).data)
        assert sorted(got) == [b"%d" % number for number in range(6 + others)]
        if not others:
            assert got == sorted(got)
        await end(client, accepted, server)
        return task.cancelled()

    sweep(scenario)


def test_cancelled_sends_have_gone_whole_or_not_at_all():
    async def scenario(aim):
        client, accepted, server = await make_pair(options=SMALL_BUFFERS, max_unread=1)
        sent = []

        async def send_each():
            for number in range(6):
                await client.send(bytes([number]) * 3000)
                sent.append(number)

        task = aim(send_each())
        await asyncio.sleep(0.01)
        other = asyncio.create_task(client.send(b"last"))
        got = []
        while (message := await accepted.receive()).data != b"last":
            assert message.data == message.data[:1] * 3000
            got.append(message.data[0])
        await asyncio.wait([task, other])
        await client.shutdown()
        async for message in accepted:
            got.append(message.data[0])
        assert got == sent == list(range(len(sent)))
        await end(client, accepted, server)
        return task.cancelled()

    sweep(scenario)


def test_cancelled_send_many_says_how_many_went():
    async def scenario(aim):
        client, accepted, server = await make_pair(options=SMALL_BUFFERS, max_unread=1)
        sent = None

        async def send_all():
            nonlocal sent
            try:
                await client.send_many(bytes([n]) * 3000 for n in range(8))
                sent = 8
            except asyncio.CancelledError as error:
                sent = error.sent
                raise

        task = aim(send_all())
        await asyncio.sleep(0.01)
        other = asyncio.create_task(client.send(b"last"))
        got = []
        while (message := await accepted.receive()).data != b"last":
            got.append(message.data[0])
        await asyncio.wait([task, other])
        if sent is not None:  # otherwise it was cancelled before it began
            assert got == list(range(sent))
        else:
            assert got == [] and task.cancelled()
        await end(client, accepted, server)
        return task.cancelled()

    sweep(scenario)


@pytest.mark.parametrize("name", ["shutdown", "wait_closed"])
def test_cancelled_ends_go_on(name):
    async def scenario(aim):
        client, accepted, server = await make_pair()
        await client.send(b"x")
        if name == "wait_closed":
            asyncio.get_running_loop().call_later(0.001, accepted.abort)
        task = aim(getattr(client, name)())
        await asyncio.wait([task])
        await client.shutdown()
        if name == "shutdown":
            assert (await accepted.receive()).data == b"x"
            with pytest.raises(EOFError):
                await accepted.receive()
        await end(client, accepted, server)
        return task.cancelled()

    sweep(scenario)


def test_cancelled_connect_leaves_nothing():
    async def scenario(aim):
        ended = []

        async def keep(association):
            await association.wait_closed()
            ended.append(association)

        server = await serve(keep, LOCAL)
        sock = SweepSocket(AF_INET, SOCK_STREAM)
        task = aim(connect(server.addresses, sock=sock))
        await asyncio.wait([task])
        if task.cancelled():
            # It was cancelled before it began, so it has not seen the socket.
            sock.close()
        else:
            task.result().abort()
        assert sock.fileno() == -1
        async with server:
            pass
        return task.cancelled()

    sweep(scenario)


def test_cancelled_server_leaves_nothing():
    async def scenario(aim):
        client = None

        async def stay(association):
            await asyncio.Event().wait()

        async def use_server():
            nonlocal client
            async with await serve(stay, LOCAL, close_timeout=0.05) as server:
                client = await connect(server.addresses, close_timeout=0.05)
                await asyncio.sleep(0)

        task = aim(use_server())
        await asyncio.wait([task])
        if client is not None:
            client.abort()
        for _ in range(10):  # cancelled tasks end
            await asyncio.sleep(0.001)
        return task.cancelled()

    sweep(scenario)


def test_cancelled_notifications_lose_nothing():
    async def scenario(aim):
        client, accepted, server = await make_pair()
        news = client.notifications()
        got = []

        async def read():
            for _ in range(3):
                got.append(await news.__anext__())

        task = aim(read())
        for number in range(3):
            news.add({"number": number})
            await asyncio.sleep(0)
        await asyncio.wait([task])
        while len(got) < 3:
            got.append(await news.__anext__())
        assert got == [{"number": number} for number in range(3)]
        await end(client, accepted, server)
        return task.cancelled()

    sweep(scenario)


def test_time_outs():
    """The timeout of a call: it has no errno and no notification, and nothing is
    lost."""

    async def main():
        client, accepted, server = await make_pair()
        for call in accepted.receive, accepted.wait_closed, accepted.__anext__:
            with pytest.raises(TimeoutError) as caught:
                async with asyncio.timeout(0.01):
                    await call()
            assert caught.value.errno is None
            assert not hasattr(caught.value, "notification")
        await client.send(b"x")
        assert (await accepted.receive()).data == b"x"
        await end(client, accepted, server)

    asyncio.run(main(), debug=True)


# Loops that close


def test_loop_that_closes_ends_all_waits():
    outcomes = {}
    kept = []

    async def note(name, coroutine):
        try:
            outcomes[name] = await coroutine
        except BaseException as error:
            outcomes[name] = type(error)
            raise

    async def main():
        client, accepted, server = await make_pair(options=SMALL_BUFFERS, max_unread=1)
        kept.extend((client, accepted, server))
        calls = {
            "receive": client.receive(),
            "iteration": client.__anext__(),
            "send": client.send_many([bytes(3000)] * 100),
            "wait_closed": accepted.wait_closed(),
            "server": server.wait_closed(),
            "serve_forever": server.serve_forever(),
        }
        for name, coroutine in calls.items():
            kept.append(asyncio.create_task(note(name, coroutine)))
        await asyncio.sleep(0.01)

    asyncio.run(main(), debug=True)
    assert set(outcomes.values()) == {asyncio.CancelledError} and len(outcomes) == 6
    client, accepted, server, *_ = kept
    client.abort()
    accepted.abort()
    server.close()
    assert client.is_closed and accepted.socket.fileno() == -1

    async def later():
        # It depends on which side was quicker.
        with pytest.raises((ConnectionAbortedError, ConnectionResetError)) as caught:
            await client.receive()
        with pytest.raises(caught.type):
            await client.send(b"x")
        await client.shutdown()
        await client.wait_closed()

    asyncio.run(later())


@pytest.mark.parametrize("is_loop_closed", [False, True])
def test_association_that_nobody_closes(is_loop_closed):
    before = system.open_descriptors()
    loop = asyncio.new_event_loop()

    async def main():
        client, accepted, server = await make_pair()
        await end(accepted, accepted, server)
        await client.wait_closed()
        listener = SweepSocket(AF_INET, SOCK_STREAM)
        listener.bind((LOCAL, 0))
        listener.listen()
        client = await connect([listener.getsockname()])
        return listener, client

    listener, client = loop.run_until_complete(main())
    if is_loop_closed:
        loop.close()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        del client
        gc.collect()
        if not is_loop_closed:
            loop.run_until_complete(asyncio.sleep(0.01))
    assert [each.category for each in caught] == [ResourceWarning]
    assert "unclosed <Association" in str(caught[0].message)
    listener.close()
    if not is_loop_closed:
        assert len(loop._selector.get_map()) == 1
        loop.close()
    assert system.open_descriptors() == before


def test_association_that_has_ended_needs_no_closing():
    async def main():
        client, accepted, server = await make_pair()
        await accepted.send(b"unread")
        await accepted.shutdown()
        await client.wait_closed()
        server.close()
        del client, accepted

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        asyncio.run(main(), debug=True)
        gc.collect()


# Servers


def test_server_cancels_handlers_that_stay():
    async def main():
        was_cancelled = False

        async def stay(association):
            nonlocal was_cancelled
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                was_cancelled = True
                raise

        start = time.monotonic()
        async with await serve(stay, LOCAL, close_timeout=0.2) as server:
            client = await connect(server.addresses)
            await asyncio.sleep(0.01)
        assert was_cancelled and 0.15 < time.monotonic() - start < BOUND
        assert server.associations == ()
        client.abort()

    asyncio.run(main(), debug=True)


def test_handler_has_time_to_finish():
    async def main():
        done = []

        async def work(association):
            async for message in association:
                await asyncio.sleep(0.05)
                done.append(message.data)

        async with await serve(work, LOCAL) as server:
            client = await connect(server.addresses)
            await client.send_many([b"1", b"2", b"3"])
            await asyncio.sleep(0.02)
        assert done == [b"1", b"2", b"3"]
        await client.shutdown()

    asyncio.run(main(), debug=True)


def test_group_of_ends_is_no_news():
    async def main():
        troubles = []
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _, context: troubles.append(context))

        async def work(association):
            async with asyncio.TaskGroup() as group:
                group.create_task(association.receive())
                group.create_task(association.receive())

        async with await serve(work, LOCAL) as server:
            client = await connect(server.addresses)
            await asyncio.sleep(0.01)
            client.abort()
            while server.associations:
                await asyncio.sleep(0.01)
        assert not troubles

    asyncio.run(main(), debug=True)


def test_end_of_another_association_is_news():
    async def main():
        troubles = []
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _, context: troubles.append(context))
        client, accepted, other = await make_pair()
        accepted.abort()
        await client.wait_closed()

        async def relay(association):
            await client.receive()

        async with await serve(relay, LOCAL) as server:
            with pytest.raises(ConnectionResetError):
                await (await connect(server.addresses)).receive()
        other.close()
        assert isinstance(troubles[0]["exception"], ConnectionResetError)

    asyncio.run(main(), debug=True)


# Taking turns


def test_receiver_that_never_waits_gives_others_a_turn():
    async def main():
        client, accepted, server = await make_pair()
        await client.send_many([b"x"] * 500)
        await asyncio.sleep(0.1)
        turns = received = 0

        async def count():
            nonlocal turns
            while received < 500:
                turns += 1
                await asyncio.sleep(0)

        counting = asyncio.create_task(count())
        async for _ in accepted:
            received += 1
            if received == 500:
                break
        await counting
        assert turns >= 500 // 32 - 2
        await end(client, accepted, server)

    asyncio.run(main(), debug=True)


@pytest.mark.parametrize("how", ["send", "send_many"])
def test_sender_that_never_waits_gives_others_a_turn(how):
    async def main():
        options = {(SOL_SOCKET, SO_SNDBUF): 1 << 20, (SOL_SOCKET, SO_RCVBUF): 1 << 20}
        client, accepted, server = await make_pair(options=options)
        async with fronts.other_turns() as turns:
            if how == "send":
                for _ in range(500):
                    await client.send(b"x")
            else:
                await client.send_many([b"x"] * 500)
        assert len(turns) >= 3
        await end(client, accepted, server)

    asyncio.run(main(), debug=True)


@pytest.mark.parametrize("how", ["send", "send_many"])
@pytest.mark.parametrize("why", ["end", "stream"])
def test_sender_that_fails_again_and_again_gives_others_a_turn(how, why):
    async def main():
        client, accepted, server = await make_pair()
        if why == "end":
            accepted.abort()
            await client.wait_closed()
        arguments = (b"x",) if how == "send" else ([b"x"],)
        async with fronts.other_turns() as turns:
            for _ in range(500):
                with pytest.raises(OSError):
                    await getattr(client, how)(*arguments, stream=60_000)
        assert len(turns) >= 500 // 33 - 2
        await end(client, accepted, server)

    asyncio.run(main(), debug=True)


def test_wake_up_reads_its_share(make_socket):
    async def main():
        client, accepted, server = await make_pair()
        sizes = []
        feed = accepted._core.feed
        accepted._core.feed = lambda items: (
            sizes.append([len(item[0]) for item in items]),
            feed(items),
        )
        await client.send_many([b"x"] * 300 + [bytes(50_000)] * 20)
        for _ in range(320):
            await accepted.receive()
        assert max(map(len, sizes)) <= 32
        assert max(map(sum, sizes)) <= 256 << 10
        await end(client, accepted, server)

    asyncio.run(main(), debug=True)


ABUSERS = """
import os, select, socket, struct, sys, time
from sctp import *

address = "127.0.0.1", int(sys.argv[1])

def connect():
    sock = sctp_socket(socket.AF_INET, socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 5000)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
    while True:
        try:
            sock.connect(address)
            break
        except ConnectionRefusedError:  # too many wait to be accepted
            time.sleep(0.01)
    sock.setblocking(False)
    return sock

def abort(sock):
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()

silent = [connect() for _ in range(25)]
flooding = [connect() for _ in range(25)]
unfinished = [connect() for _ in range(25)]
for sock in unfinished:
    policy = sctp_prinfo(pr_policy=SCTP_PR_SCTP_TTL, pr_value=2)
    sock.sctp_sendv([bytes(900_000)], None, policy)
print("ready", flush=True)
while True:
    for sock in flooding:
        try:
            for _ in range(20):
                sock.send(bytes(1000))
        except OSError:
            pass
    going = [connect() for _ in range(5)]
    for sock in going[:3]:
        abort(sock)
    time.sleep(0.01)
    for sock in going[3:]:
        try:
            sock.send(b"good-bye")
        except OSError:
            pass
        abort(sock)
"""


@contextmanager
def in_a_loop(begin):
    """What begin() makes, an echo server, in a loop of its own."""
    loop = asyncio.new_event_loop()
    server = loop.run_until_complete(begin())
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        leaving = server.__aexit__(None, None, None)
        asyncio.run_coroutine_threadsafe(leaving, loop).result(2 * BOUND)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(BOUND)
        loop.close()


def check_that_abusers_leave_others_answers_in_time(
    make_socket, running, settle=lambda server: None, late=0
):
    """Checks an echo server that runs within a context, from when settle() returns.
    So many answers may be late."""
    took = []
    with running as server:
        port = server.addresses[0][1]
        abusers = subprocess.Popen(
            [sys.executable, "-c", ABUSERS, f"{port}"], stdout=subprocess.PIPE
        )
        try:
            assert abusers.stdout.readline() == b"ready\n"
            settle(server)
            # Its turn to be accepted comes behind theirs.
            friend = make_socket(AF_INET, SOCK_STREAM, timeout=6 * BOUND)
            friend.connect((LOCAL, port))
            for number in range(50):
                start = time.monotonic()
                friend.sctp_sendv([b"%d" % number])
                assert friend.recv(100) == b"%d" % number
                took.append(time.monotonic() - start)
                time.sleep(0.02)
            assert abusers.poll() is None
        finally:
            abusers.kill()
            abusers.communicate()
            friend.close()
    assert not server.associations
    in_time, others = 0.5, sorted(took[1:])
    assert others[-1 - late] < in_time and others[-1] < BOUND


async def echo(association):
    async for message in association:
        await association.send(message.data)


def test_abusers_leave_others_answers_in_time(make_socket):
    """A hundred clients at once. They are silent, flood without reading, never end a
    message, or abort before they are accepted and later."""
    check_that_abusers_leave_others_answers_in_time(
        make_socket, in_a_loop(lambda: serve(echo, LOCAL, close_timeout=0.5))
    )


@pytest.mark.linux
@pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
def test_many_peers_in_the_middle_of_a_message(own_network, make_socket):
    """A message that is too long is not kept, and nobody waits for its end."""
    longest, count = 20_000, 300

    async def main():
        async def receive(association):
            with pytest.raises(sctp.MessageTooLong):
                await association.receive()

        before = system.resident_memory()
        server = await serve(receive, LOCAL, max_message=longest, close_timeout=0.1)
        own_network.disturb("rate 400mbit")
        for _ in range(count):
            sock = make_socket(AF_INET, SOCK_STREAM, timeout=None)
            sock.setsockopt(SOL_SOCKET, SO_SNDBUF, 1 << 19)
            sock.connect(server.addresses[0])
            sock.setblocking(False)
            sock.sctp_sendv([bytes(200_000)])
            await asyncio.sleep(0)
        peak = 0
        while server.associations:
            peak = max(peak, system.resident_memory() - before)
            await asyncio.sleep(0.01)
        own_network.lose(0)
        async with server:
            pass
        return peak

    assert asyncio.run(main()) < count * longest * 2 + (16 << 20)


# Other loops, and the environment


def test_uvloop():
    uvloop = pytest.importorskip("uvloop")

    async def main():
        client, accepted, server = await make_pair()
        sending = asyncio.create_task(client.send_many([bytes(30_000)] * 50))
        for _ in range(50):
            assert len((await accepted.receive()).data) == 30_000
        await sending
        waiting = asyncio.create_task(client.receive())
        await asyncio.sleep(0.01)
        waiting.cancel()
        await accepted.send(b"x")
        assert (await client.receive()).data == b"x"
        async with server:
            with pytest.raises(ConnectionRefusedError):
                await connect("127.0.0.1:1")
        with pytest.raises(EOFError):
            await client.receive()
        assert client.is_closed

    uvloop.new_event_loop().close()  # the first one opens a pipe for all
    before = system.open_descriptors()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main())
    assert system.open_descriptors() == before


def test_debug_mode_has_nothing_to_say(caplog):
    async def echo(association):
        async for message in association:
            await association.send(message.data)

    async def main():
        asyncio.get_running_loop().slow_callback_duration = 1
        async with await serve(echo, LOCAL) as server:
            for _ in range(3):
                async with await connect(server.addresses) as client:
                    await client.send_many([b"x"] * 100)
                    for _ in range(100):
                        await client.receive()

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with caplog.at_level(logging.INFO, "asyncio"):
            asyncio.run(main(), debug=True)
        gc.collect()
    assert not [each for each in caplog.records if each.levelno > logging.DEBUG]


def test_associations_of_the_front_are_those_of_the_package():
    assert Association.__module__ == "sctp.asyncio"
    assert sctp.asyncio.Message is sctp.Message
    assert sctp.asyncio.MessageTooLong is sctp.MessageTooLong
    assert sctp.asyncio.AssociationRestarted is sctp.AssociationRestarted
    assert fronts.FRONTS["asyncio"].name == "asyncio"
