"""A TCP way between two programs that can be made slow, silent, torn or wrong while it is in use.

    with ways() as lay:
        way = lay(port_of_the_broker)      # programs use 127.0.0.1:way.port instead
        way.back.hold()                    # nothing comes back any more, and nobody is told
        way.back.let_go()                  # what was held goes on, as after a lost packet was sent again
        way.cut()                          # both ends see a reset

What is held is not lost: TCP sends it again until it arrives. `dropping` is the kernel's own silence, for a process
that is to see packets nobody acknowledges and not a full buffer.
"""

import asyncio
import contextlib
import socket
import struct
import subprocess
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

CHUNK = 16_384
#: Close with a reset, whatever is still to be sent.
RESET = struct.pack("ii", 1, 0)


def at_once(loop: asyncio.AbstractEventLoop, call: Callable[[], object]) -> None:
    """Have the ways' own thread do it, and return when it is done."""
    done = threading.Event()

    def do() -> None:
        call()
        done.set()

    loop.call_soon_threadsafe(do)
    assert done.wait(10), "the ways' thread is stuck"


@dataclass
class Direction:
    """One direction of all connections of a way; its fields may be changed while it is in use."""

    loop: asyncio.AbstractEventLoop
    #: Seconds that every piece takes longer.
    delay: float = 0.0
    bytes_per_second: float | None = None
    #: So many pieces from now on get one wrong byte.
    spoil: int = 0
    passed: int = 0
    _open: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self._open.set()

    def hold(self) -> None:
        at_once(self.loop, self._open.clear)

    def let_go(self) -> None:
        at_once(self.loop, self._open.set)

    async def carry(self, piece: bytes) -> bytes:
        """Give the piece out when its time has come."""
        if wait := self.delay + (len(piece) / self.bytes_per_second if self.bytes_per_second else 0.0):
            await asyncio.sleep(wait)
        await self.opened()
        if self.spoil > 0:
            self.spoil -= 1
            middle = len(piece) // 2
            piece = piece[:middle] + bytes([piece[middle] ^ 0x20]) + piece[middle + 1 :]
        self.passed += len(piece)
        return piece

    async def opened(self) -> None:
        await self._open.wait()


@dataclass(eq=False)
class Way:
    """All connections from a port of its own to one server."""

    target: int
    loop: asyncio.AbstractEventLoop
    port: int = 0
    #: Nobody new gets through: whoever connects is hung up on at once.
    refuses: bool = False
    #: Seconds between the end of one side and the other side hearing of it.
    linger: float = 0.0
    there: Direction = field(init=False)
    back: Direction = field(init=False)
    server: asyncio.Server = field(init=False)
    _ends: set[asyncio.StreamWriter] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.there, self.back = Direction(self.loop), Direction(self.loop)

    async def open(self) -> None:
        self.server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        self.port = self.server.sockets[0].getsockname()[1]

    def cut(self) -> None:
        """Reset every connection there is."""
        at_once(self.loop, self._cut)

    def _cut(self) -> None:
        for end in self._ends:
            _reset(end)

    def mend(self) -> None:
        """As if nothing had ever been the matter; connections that are there stay."""
        self.refuses, self.linger = False, 0.0
        for direction in (self.there, self.back):
            direction.delay, direction.bytes_per_second, direction.spoil = 0.0, None, 0
            direction.let_go()

    @contextlib.contextmanager
    def dropping(self, *, there: bool = True, back: bool = True) -> Iterator[None]:
        """Let the kernel throw packets away between the client and this way; needs root and iptables."""
        wanted = [["--dport", str(self.port)]] * there + [["--sport", str(self.port)]] * back
        laid: list[list[str]] = []
        try:
            for rule in wanted:
                _iptables("-A", rule)
                laid.append(rule)
            yield
        finally:
            for rule in laid:
                _iptables("-D", rule)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.refuses:
            _reset(writer)
            return
        try:
            onward, beyond = await asyncio.open_connection("127.0.0.1", self.target)
        except OSError:
            _reset(writer)
            return
        ends = {writer, beyond}
        self._ends |= ends
        try:
            await asyncio.gather(self._pump(reader, beyond, self.there), self._pump(onward, writer, self.back))
        finally:
            self._ends -= ends

    async def _pump(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, direction: Direction) -> None:
        """Until one side ends or tears; then the other side ends as well."""
        try:
            while piece := await source.read(CHUNK):
                sink.write(await direction.carry(piece))
                await sink.drain()
            await direction.opened()  # an end is news too: it waits like everything else
        except OSError:
            _reset(sink)
        finally:
            await asyncio.sleep(self.linger)
            sink.close()


def _reset(end: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        end.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    end.transport.abort()


def _iptables(verb: str, rule: list[str]) -> None:
    subprocess.run(["iptables", "-w", verb, "INPUT", "-i", "lo", "-p", "tcp", *rule, "-j", "DROP"], check=True)


@contextlib.contextmanager
def ways() -> Iterator[Callable[[int], Way]]:
    """Lays ways, all served by one thread, and takes them up again at the end."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="ways", daemon=True)
    thread.start()
    laid: list[Way] = []

    def lay(target: int) -> Way:
        way = Way(target, loop)
        asyncio.run_coroutine_threadsafe(way.open(), loop).result(5)
        laid.append(way)
        return way

    try:
        yield lay
    finally:
        asyncio.run_coroutine_threadsafe(_end(laid), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(5)
        loop.close()


async def _end(laid: list[Way]) -> None:
    """Nobody waits for what was held."""
    for way in laid:
        way.server.close()
    others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
