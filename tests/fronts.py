"""The front ends of associations, as tests of both use them: with calls that block,
and calls that are started and give their result later. Objects of the front ends are
wrapped, so that their methods run in the right thread."""

import asyncio
import concurrent.futures
import inspect
import queue
import threading
import time
from contextlib import asynccontextmanager

import sctp.asyncio
import sctp.sync

PATIENCE = 10


class Call:
    """A method. A call of it blocks; start() begins one and returns at once."""

    def __init__(self, front, method):
        self._front = front
        self._method = method

    def __call__(self, *args, seconds=PATIENCE, **kwargs):
        return self.start(*args, **kwargs).result(seconds)

    def start(self, *args, **kwargs):
        """Starts the call. Returns a concurrent.futures.Future of the result."""
        return self._front.submit(self._method, args, kwargs)


class Wrapped:
    """A wrapped association, server, endpoint or iterator of a front end."""

    def __init__(self, front, real):
        self._front = front
        self.real = real

    def __getattr__(self, name):
        value = self._front.look(lambda: getattr(self.real, name))
        return Call(self._front, value) if inspect.ismethod(value) else value

    def next(self, seconds=PATIENCE):
        """The next item of an iteration, or None at its end."""
        return self.start_next().result(seconds)

    def start_next(self):
        return self._front.submit_next(self.real)

    def all(self, seconds=PATIENCE):
        """All items of the iteration, up to its end."""
        items = []
        while (item := self.next(seconds)) is not None:
            items.append(item)
        return items

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self._front.leave(self.real, *exc)


class WrappedEndpoint(Wrapped):
    """An endpoint with calls that block. Its associations are wrapped."""

    def take(self):
        return Wrapped(self._front, self.accept())

    def reach(self, addresses):
        return Wrapped(self._front, self.connect(addresses))

    def attend(self):
        """Lets somebody read all the while, until it is closed."""
        if isinstance(self._front, Sync):
            self.wait_closed.start()
        return self


class Asyncio:
    """sctp.asyncio, with its event loop in a thread and in debug mode."""

    name = "asyncio"

    def __init__(self):
        self.loop = asyncio.new_event_loop()
        self.loop.set_debug(True)
        self.loop.slow_callback_duration = 10
        self.loop.set_exception_handler(self._note)
        self.troubles = []
        self._opened = []
        self._running = set()
        self._thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self._thread.start()

    def _note(self, loop, context):
        self.troubles.append(context)

    def submit(self, method, args, kwargs):
        async def run():
            result = method(*args, **kwargs)
            return await result if inspect.isawaitable(result) else result

        return self._run(run())

    def submit_next(self, iterator):
        async def run():
            try:
                return await iterator.__anext__()
            except StopAsyncIteration:
                return None

        return self._run(run())

    def _run(self, coroutine):
        # asyncio.run_coroutine_threadsafe() replaces a TimeoutError by a new one.
        done = concurrent.futures.Future()

        async def settle():
            try:
                done.set_result(await coroutine)
            except BaseException as error:
                done.set_exception(error)

        def start():
            self._running.add(task := self.loop.create_task(settle()))
            task.add_done_callback(self._running.discard)

        self.loop.call_soon_threadsafe(start)
        return done

    def look(self, call):
        """Runs a function in the thread of the loop and returns its result."""
        done = concurrent.futures.Future()

        def run():
            try:
                done.set_result(call())
            except BaseException as error:
                done.set_exception(error)

        self.loop.call_soon_threadsafe(run)
        return done.result(PATIENCE)

    def leave(self, real, *exc):
        self.submit(real.__aexit__, exc or (None, None, None), {}).result(PATIENCE)

    def start_connect(self, *args, **kwargs):
        return self.submit(sctp.asyncio.connect, args, kwargs)

    def connect(self, *args, **kwargs):
        return self._keep(self.start_connect(*args, **kwargs).result(PATIENCE))

    def _keep(self, real):
        self._opened.append(real)
        return Wrapped(self, real)

    def serve(self, handler, *args, **kwargs):
        """A server whose handler blocks, in a thread of its own."""

        async def handle(association):
            loop = asyncio.get_running_loop()
            done = loop.create_future()

            def run():
                try:
                    result = handler(Wrapped(self, association))
                except BaseException as error:
                    loop.call_soon_threadsafe(settle, done.set_exception, error)
                else:
                    loop.call_soon_threadsafe(settle, done.set_result, result)

            def settle(call, value):
                if not done.done():
                    call(value)

            threading.Thread(target=run, daemon=True).start()
            await done

        call = self.submit(sctp.asyncio.serve, (handle, *args), kwargs)
        return self._keep(call.result(PATIENCE))

    def listen(self, *args, **kwargs):
        """Makes a server. accept() of the result returns its associations."""
        accepted = queue.Queue()

        async def keep(association):
            accepted.put(Wrapped(self, association))
            await association.wait_closed()

        call = self.submit(sctp.asyncio.serve, (keep, *args), kwargs)
        server = self._keep(call.result(PATIENCE))
        server.accept = lambda: accepted.get(timeout=PATIENCE)
        return server

    def keep(self, wrapped):
        """Makes sure that an association ends with the test."""
        self._opened.append(wrapped.real)

    def open_endpoint(self, *args, **kwargs):
        call = self.submit(sctp.asyncio.open_endpoint, args, kwargs)
        self._opened.append(real := call.result(PATIENCE))
        return WrappedEndpoint(self, real)

    def close(self):
        def end():
            for each in self._opened:
                if isinstance(each, sctp.asyncio.Server):
                    each.close()
                    for association in each.associations:
                        association.abort()
                else:
                    each.abort()

        self.look(end)
        self.submit(self._finish, (), {}).result(PATIENCE)
        # The loop has its own pipe, by which it is woken.
        watched = self.look(lambda: len(self.loop._selector.get_map()))
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(PATIENCE)
        self.loop.close()
        assert watched == 1, "readers or writers are left"

    async def _finish(self):
        """Waits for tasks to end, and cancels those that do not."""
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        if tasks:
            await asyncio.wait(tasks, timeout=1)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


class Sync:
    """sctp.sync. Each call that is started has its own thread."""

    name = "sync"

    def __init__(self):
        self.troubles = []
        self._opened = []
        self._threads = []
        self._hook = threading.excepthook
        threading.excepthook = self._note

    def _note(self, args):
        self.troubles.append({"exception": args.exc_value})

    def submit(self, method, args, kwargs):
        """Returns when the call waits in its line or is done."""
        owner = getattr(method, "__self__", None)
        owner = getattr(owner, "_source", owner)
        before = self._waiting(owner)
        done = concurrent.futures.Future()

        def run():
            try:
                done.set_result(method(*args, **kwargs))
            except BaseException as error:
                done.set_exception(error)

        thread = threading.Thread(target=run, daemon=True)
        self._threads.append(thread)
        thread.start()
        deadline = time.monotonic() + (1 if before is not None else 0)
        while not done.done() and time.monotonic() < deadline:
            if self._waiting(owner) > before:
                break
            time.sleep(0.0005)
        return done

    def _waiting(self, owner):
        """How many threads wait at an association or an endpoint."""
        crew = getattr(owner, "_crew", None)
        return None if crew is None else len(crew.waiters)

    def submit_next(self, iterator):
        source = getattr(iterator, "_source", iterator)

        class Next:
            __self__ = source

            def __call__(self):
                return next(iterator, None)

        return self.submit(Next(), (), {})

    def look(self, call):
        return call()

    def leave(self, real, *exc):
        real.__exit__(*(exc or (None, None, None)))

    def start_connect(self, *args, **kwargs):
        return self.submit(sctp.sync.connect, args, kwargs)

    def connect(self, *args, **kwargs):
        return self._keep(self.start_connect(*args, **kwargs).result(PATIENCE))

    def _keep(self, real):
        self._opened.append(real)
        return Wrapped(self, real)

    def serve(self, handler, *args, **kwargs):
        def handle(association):
            handler(Wrapped(self, association))

        return self._keep(sctp.sync.serve(handle, *args, **kwargs))

    def keep(self, wrapped):
        """Makes sure that an association ends with the test."""
        self._opened.append(wrapped.real)

    def open_endpoint(self, *args, **kwargs):
        self._opened.append(real := sctp.sync.open_endpoint(*args, **kwargs))
        return WrappedEndpoint(self, real)

    def listen(self, *args, **kwargs):
        """Makes a server. accept() of the result returns its associations."""
        accepted = queue.Queue()

        def keep(association):
            accepted.put(Wrapped(self, association))
            association.wait_closed()

        server = self._keep(sctp.sync.serve(keep, *args, **kwargs))
        server.accept = lambda: accepted.get(timeout=PATIENCE)
        return server

    def close(self):
        try:
            for each in self._opened:
                if isinstance(each, sctp.sync.Server):
                    each.close()
                    for association in each.associations:
                        association.abort()
                    each.wait_closed(PATIENCE)
                else:
                    each.abort()
            for thread in self._threads:
                thread.join(PATIENCE)
                assert not thread.is_alive(), "a call still waits"
        finally:
            threading.excepthook = self._hook


class SyncWithTimeout(Sync):
    """Every call that waits with a timeout that does not pass."""

    name = "sync with timeout"
    TIMED = (
        "send",
        "send_many",
        "receive",
        "shutdown",
        "wait_closed",
        "connect",
        "accept",
    )

    def submit(self, method, args, kwargs):
        if getattr(method, "__name__", None) in self.TIMED:
            kwargs = {"timeout": 10 * PATIENCE, **kwargs}
        return super().submit(method, args, kwargs)


FRONTS = {each.name: each for each in (Asyncio, Sync, SyncWithTimeout)}


@asynccontextmanager
async def other_turns():
    """A list with an item for each turn of another task during the block."""
    turns = []

    async def take_turns():
        while True:
            turns.append(1)
            await asyncio.sleep(0)

    taking = asyncio.create_task(take_turns())
    try:
        yield turns
    finally:
        taking.cancel()
