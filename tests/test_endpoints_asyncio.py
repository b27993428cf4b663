"""Tests for endpoints of sctp.asyncio only: cancelled tasks, closed loops, and
clients that try to take too much time."""

import asyncio
import gc
import warnings
from contextlib import suppress
from socket import (
    AF_INET,
    SOCK_SEQPACKET,
)

import fronts
import pytest
import system
from test_associations_asyncio import (
    SMALL_BUFFERS,
    SweepSocket,
    check_that_abusers_leave_others_answers_in_time,
    echo,
    in_a_loop,
    sweep,
)

from sctp.asyncio import connect, open_endpoint

pytestmark = [pytest.mark.kernel]
LOCAL = "127.0.0.1"
BOUND = 5


async def make_endpoint(**kwargs):
    """An endpoint on a socket of the sweep."""
    sock = SweepSocket(AF_INET, SOCK_SEQPACKET)
    return await open_endpoint(LOCAL, sock=sock, **kwargs)


async def make_ends(**kwargs):
    """Two endpoints, and both sides of an association between them."""
    one, other = await make_endpoint(**kwargs), await make_endpoint(**kwargs)
    near = await one.connect(other.addresses)
    return one, near, other, await other.accept()


async def end(*endpoints):
    for endpoint in endpoints:
        endpoint.abort()
        await endpoint.wait_closed()


# Cancelling, everywhere


@pytest.mark.parametrize("others", [0, 2])
@pytest.mark.parametrize("how", ["accept", "iterate"])
def test_cancelled_accepts_lose_nobody(how, others):
    async def scenario(aim):
        endpoint = await make_endpoint()
        got = []

        async def accept_each():
            if how == "accept":
                for _ in range(3):
                    got.append(await endpoint.accept())
            else:
                async for association in endpoint:
                    got.append(association)
                    if len(got) >= 3:
                        break

        async def accept_one():
            got.append(await endpoint.accept())

        task = aim(accept_each())
        tasks = [asyncio.create_task(accept_one()) for _ in range(others)]
        clients = [await connect(endpoint.addresses) for _ in range(3 + others)]
        await asyncio.wait([task, *tasks], timeout=BOUND)
        while len(got) < 3 + others:
            got.append(await endpoint.accept())
        assert len(set(got)) == len(got) == 3 + others
        assert set(endpoint.associations) == set(got)
        await end(endpoint)
        for client in clients:
            client.abort()
        return task.cancelled()

    sweep(scenario)


@pytest.mark.parametrize("others", [0, 2])
def test_cancelled_receivers_of_all_lose_nothing(others):
    async def scenario(aim):
        other = await make_endpoint()
        third = await make_endpoint()
        far = await third.connect(other.addresses)
        got = []

        async def receive_each():
            for _ in range(6):
                got.append((await other.receive()).data)

        async def receive_one():
            got.append((await other.receive()).data)

        task = aim(receive_each())
        tasks = [asyncio.create_task(receive_one()) for _ in range(others)]
        for number in range(6 + others):
            await far.send(b"%d" % number)
            await asyncio.sleep(0)
        await asyncio.wait([task, *tasks], timeout=BOUND)
        while len(got) < 6 + others:
            got.append((await other.receive()).data)
        assert sorted(got) == [b"%d" % number for number in range(6 + others)]
        await end(other, third)
        return task.cancelled()

    sweep(scenario)


def test_cancelled_receivers_of_an_association_lose_nothing():
    async def scenario(aim):
        one, near, other, far = await make_ends()
        got = []

        async def receive_each():
            for _ in range(6):
                got.append((await far.receive()).data)

        task = aim(receive_each())
        for number in range(6):
            await near.send(b"%d" % number)
            await asyncio.sleep(0)
        await asyncio.wait([task])
        while len(got) < 6:
            got.append((await far.receive()).data)
        assert got == [b"%d" % number for number in range(6)]
        await end(one, other)
        return task.cancelled()

    sweep(scenario)


@pytest.mark.parametrize("others", [0, 2])
def test_cancelled_sends_have_gone_whole_or_not_at_all(others):
    """Other associations of the endpoint also wait to send."""

    async def scenario(aim):
        options = {**SMALL_BUFFERS}
        one, near, other, far = await make_ends(options=options, max_unread=1)
        ends = [(near, far)]
        for _ in range(others):
            third = await make_endpoint(options=options, max_unread=1)
            ends.append((await one.connect(third.addresses), await third.accept()))
        sent = []

        async def send_each():
            for number in range(6):
                await near.send(bytes([number]) * 3000)
                sent.append(number)

        async def receive_all(association):
            got = []
            while (message := await association.receive()).data != b"last":
                assert message.data == message.data[:1] * 3000
                got.append(message.data[0])
            return got

        task = aim(send_each())
        await asyncio.sleep(0)
        sending = [
            asyncio.create_task(each.send_many([bytes([n]) * 3000 for n in range(4)]))
            for each, _ in ends[1:]
        ]
        await asyncio.sleep(0.01)
        sending += [asyncio.create_task(each.send(b"last")) for each, _ in ends]
        receiving = [asyncio.create_task(receive_all(each)) for _, each in ends]
        for each in receiving[1:]:
            assert await each == list(range(4))
        got = await receiving[0]
        await asyncio.wait([task, *sending])
        await near.shutdown()
        async for message in far:
            got.append(message.data[0])
        assert got == sent == list(range(len(sent)))
        await end(one, other, *(each._carrier._endpoint for _, each in ends[1:]))
        return task.cancelled()

    sweep(scenario)


def test_cancelled_sends_of_who_is_peeled_off():
    async def scenario(aim):
        one, near, other, far = await make_ends(options=SMALL_BUFFERS, max_unread=1)
        sent = []

        async def send_each():
            for number in range(6):
                await near.send(bytes([number]) * 3000)
                sent.append(number)

        async def receive_all():
            return [message.data[0] async for message in far]

        task = aim(send_each())
        await asyncio.sleep(0)
        one.peel_off(near)
        await asyncio.sleep(0)
        receiving = asyncio.create_task(receive_all())
        await asyncio.wait([task])
        await near.shutdown()
        assert await receiving == sent == list(range(len(sent)))
        await end(one, other)
        return task.cancelled()

    sweep(scenario)


def test_cancelled_connect_leaves_nothing():
    async def scenario(aim):
        one, other = await make_endpoint(), await make_endpoint()
        task = aim(one.connect(other.addresses))
        await asyncio.wait([task])
        if task.cancelled():
            assert one.associations == ()
            # The other side has set it up nevertheless, and then it was aborted.
            while other.associations:
                await asyncio.sleep(0.001)
        else:
            await task.result().send(b"x")
            assert (await other.receive()).data == b"x"
        again = await one.connect(other.addresses) if task.cancelled() else None
        if again is not None:
            await again.send(b"y")
            assert (await other.receive()).data == b"y"
        await end(one, other)
        return task.cancelled()

    sweep(scenario)


def test_cancelled_open_endpoint_leaves_nothing():
    async def scenario(aim):
        sock = SweepSocket(AF_INET, SOCK_SEQPACKET)
        task = aim(open_endpoint("localhost", sock=sock))
        await asyncio.wait([task])
        if task.cancelled():
            sock.close()  # cancelled before it began
        else:
            await end(task.result())
        assert sock.fileno() == -1
        return task.cancelled()

    sweep(scenario)


@pytest.mark.parametrize("name", ["shutdown", "close", "leave"])
def test_cancelled_ends_go_on(name):
    async def scenario(aim):
        one, near, other, far = await make_ends(close_timeout=0.5)
        await near.send(b"x")

        async def finish():
            if name == "shutdown":
                await near.shutdown()
            elif name == "close":
                one.close()
                await one.wait_closed()
            else:
                async with one:
                    await asyncio.sleep(0)

        task = aim(finish())
        await asyncio.wait([task])
        await near.shutdown()
        one.close()
        await one.wait_closed()
        got = []
        # Cancelling has left it, so it was aborted.
        with suppress(ConnectionResetError):
            got = [message.data async for message in far]
        assert got == [b"x"] or name == "leave"
        await end(other)
        return task.cancelled()

    sweep(scenario)


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
        one, near, other, far = await make_ends(options=SMALL_BUFFERS, max_unread=1)
        third = await connect(other.addresses)
        peeled = await other.accept()
        other.peel_off(peeled)
        kept.extend((one, near, other, far, third, peeled))
        calls = {
            "accept": other.accept(),
            "iteration": other.__anext__(),
            "receive of all": other.receive(),
            "receive": near.receive(),
            "send": near.send_many([bytes(3000)] * 100),
            "wait_closed": far.wait_closed(),
            "endpoint": other.wait_closed(),
            "peeled off": peeled.receive(),
        }
        for name, coroutine in calls.items():
            kept.append(asyncio.create_task(note(name, coroutine)))
        await asyncio.sleep(0.2)

    before = system.open_descriptors()
    asyncio.run(main(), debug=True)
    assert set(outcomes.values()) == {asyncio.CancelledError} and len(outcomes) == 8
    one, near, other, far, third, peeled, *_ = kept
    one.abort()
    other.abort()
    third.abort()
    peeled.abort()
    for each in one, near, other, far, peeled:
        assert each.is_closed and each.socket.fileno() == -1
    assert system.open_descriptors() == before

    async def later():
        for call in other.accept, other.receive, far.receive, peeled.receive:
            with pytest.raises((ConnectionAbortedError, ConnectionResetError)):
                await call()
        await far.shutdown()
        await other.wait_closed()

    asyncio.run(later())


CALLS = {
    "accept": lambda endpoint: endpoint.accept(),
    "iteration": lambda endpoint: endpoint.__anext__(),
    "receive": lambda endpoint: endpoint.receive(),
    "connect": lambda endpoint: endpoint.connect("10.1.0.2:5"),
    "wait_closed": lambda endpoint: endpoint.wait_closed(),
}
EXPECTED = {
    "close": {
        "accept": EOFError,
        "iteration": StopAsyncIteration,
        "receive": EOFError,
        "connect": ConnectionAbortedError,
        "wait_closed": None,
    },
    "abort": dict.fromkeys(CALLS, ConnectionAbortedError) | {"wait_closed": None},
}


@pytest.mark.linux
@pytest.mark.parametrize("how", EXPECTED)
@pytest.mark.parametrize("name", CALLS)
def test_every_wait_of_an_endpoint_ends(own_network, name, how):
    async def main():
        own_network.lose(100)
        endpoint = await open_endpoint()
        waiting = asyncio.ensure_future(CALLS[name](endpoint))
        await asyncio.sleep(0.05)
        assert not waiting.done()
        getattr(endpoint, how)()
        expected = EXPECTED[how][name]
        for call in waiting, CALLS[name](endpoint):
            async with asyncio.timeout(BOUND):
                if expected is None:
                    await call
                elif name == "connect" and call is not waiting:
                    with pytest.raises(OSError):
                        await call
                else:
                    with pytest.raises(expected):
                        await call
        await endpoint.wait_closed()
        assert endpoint.is_closed

    asyncio.run(main(), debug=True)


@pytest.mark.parametrize("is_loop_closed", [False, True])
def test_endpoint_that_nobody_closes(is_loop_closed):
    before = system.open_descriptors()
    loop = asyncio.new_event_loop()

    async def main():
        endpoint = await open_endpoint(LOCAL)
        client = await connect(endpoint.addresses)
        await endpoint.accept()
        other = await connect(endpoint.addresses)
        endpoint._peel(next(iter(endpoint._hub.waiting)))
        return endpoint, client, other

    endpoint, *clients = loop.run_until_complete(main())
    if is_loop_closed:
        for client in clients:
            client.abort()
        loop.close()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        del endpoint
        gc.collect()
        if not is_loop_closed:
            loop.run_until_complete(asyncio.sleep(0.01))
            for client in clients:
                client.abort()
    assert [each.category for each in caught] == [ResourceWarning]
    assert "unclosed <Endpoint at" in str(caught[0].message)
    if not is_loop_closed:
        assert len(loop._selector.get_map()) == 1
        loop.close()
    assert system.open_descriptors() == before


def test_association_keeps_its_endpoint():
    async def main():
        one, near, other, far = await make_ends()
        del one, other
        gc.collect()
        await near.send(b"x")
        assert (await far.receive()).data == b"x"
        await end(near._carrier._endpoint, far._carrier._endpoint)

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        asyncio.run(main(), debug=True)
        gc.collect()


# Taking turns


def test_wake_up_reads_its_share():
    async def main():
        one, near, other, far = await make_ends()
        sizes = []
        digest = other._hub.digest
        other._hub.digest = lambda items: (
            sizes.append([len(item[0]) for item in items]),
            digest(items),
        )
        sending = asyncio.create_task(
            near.send_many([b"x"] * 300 + [bytes(50_000)] * 20)
        )
        for _ in range(320):
            await far.receive()
        await sending
        assert max(map(len, sizes)) <= 32
        assert max(map(sum, sizes)) <= 256 << 10
        await end(one, other)

    asyncio.run(main(), debug=True)


@pytest.mark.parametrize("name", ["accept", "receive"])
def test_calls_that_never_wait_give_others_a_turn(name):
    async def main():
        endpoint = await make_endpoint()
        clients = [await connect(endpoint.addresses) for _ in range(100)]
        for client in clients:
            await client.send(b"x")
        await asyncio.sleep(0.1)
        async with fronts.other_turns() as turns:
            for _ in clients:
                await getattr(endpoint, name)()
        assert len(turns) >= 100 // 32 - 1
        await end(endpoint)
        for client in clients:
            client.abort()

    asyncio.run(main(), debug=True)


class EchoEndpoint:
    """An endpoint that answers, as the check of abusers needs."""

    def __init__(self, endpoint):
        self._endpoint = endpoint
        self._tasks = set()
        self._accepting = asyncio.create_task(self._accept())
        self.addresses = endpoint.addresses

    async def _accept(self):
        async for association in self._endpoint:
            task = asyncio.create_task(self._answer(association))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _answer(self, association):
        with suppress(OSError):
            await echo(association)
        await association.shutdown()

    @property
    def associations(self):
        return self._endpoint.associations

    async def __aexit__(self, *exc):
        self._endpoint.close()
        await self._endpoint.wait_closed()
        await asyncio.wait([self._accepting, *self._tasks])


def test_abusers_leave_others_answers_in_time(make_socket, wait_for):
    """Floods get their own sockets first. Before that, Linux drops packets while the
    one receive buffer is full, and the peer has to send them again."""

    async def begin():
        limits = {"max_unread": 1 << 18, "close_timeout": 0.5}
        return EchoEndpoint(await open_endpoint(LOCAL, **limits))

    def settle(server):
        wait_for(lambda: len(server._endpoint._hub.apart) >= 25, 2 * BOUND)

    running = in_a_loop(begin)
    check_that_abusers_leave_others_answers_in_time(make_socket, running, settle)


# Other loops, and the environment


def test_uvloop():
    uvloop = pytest.importorskip("uvloop")

    async def main():
        async with await open_endpoint(LOCAL) as one, await open_endpoint(LOCAL) as two:
            near = await one.connect(two.addresses)
            far = await two.accept()
            sending = asyncio.create_task(near.send_many([bytes(30_000)] * 50))
            two.peel_off(far)
            for _ in range(50):
                assert len((await far.receive()).data) == 30_000
            await sending
            with pytest.raises(ConnectionRefusedError):
                await one.connect("127.0.0.1:1")
            await far.shutdown()

    uvloop.new_event_loop().close()  # the first one opens a pipe for all
    before = system.open_descriptors()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main())
    assert system.open_descriptors() == before
