"""The transport to a server that is a child process: JSON lines over its standard streams.

The library of the protocol has one, too, which keeps whatever a server writes until a line ends. Here
a line has a limit, the last lines of standard error are kept for messages, nothing of it holds the
event loop, and on Linux the child does not outlive this process, however that ends.
"""

from __future__ import annotations

import asyncio
import io
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import AsyncGenerator, Callable, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import Any

import anyio
import mcp_types
from attrs import Factory, define
from mcp.client.stdio import get_default_environment
from mcp.shared.message import SessionMessage

from modelwire.tools import run_in_thread

__all__ = ["LONGEST_LINE", "ServerOutput", "stdio_transport"]

LONGEST_LINE = 16 * 1024 * 1024
"""Bytes of one message: more than a large image in Base64."""

_GRACE = 2.0
"""Seconds that the server has to end after its input has ended, and again after SIGTERM."""

_LAST_WORDS = 0.5
"""Seconds that are waited for the rest of standard error when standard output has ended."""

_PIECE = 65_536
_KEPT_LINES = 5
_LONGEST_KEPT = 300
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]+")


@define
class ServerOutput:
    """The output of a child process, for error messages.

    Attributes:
        lines: The last lines of its standard error.
        fault: What it did wrong, or `None`.
    """

    lines: deque[str] = Factory(lambda: deque(maxlen=_KEPT_LINES))
    fault: str | None = None

    def describe(self) -> str:
        """The fault of the server, or its last line of output."""
        return self.fault or (f"It said: {self.lines[-1]}" if self.lines else "It said nothing.")


@asynccontextmanager
async def stdio_transport(
    argv: Sequence[str], env: Mapping[str, str], cwd: str | None, output: ServerOutput
) -> AsyncGenerator[Any, None]:
    """Start a server, and end it with all its own children when this is left.

    Args:
        argv: The command and its arguments.
        env: Variables besides those that every server gets: no key is handed on by itself.
        cwd: The folder to run in.
        output: Takes what is known of it.

    Raises:
        OSError: It cannot be started.
    """
    received, receive = anyio.create_memory_object_stream[SessionMessage | Exception](0)
    send, to_send = anyio.create_memory_object_stream[SessionMessage](0)
    child = _Child(argv, get_default_environment() | dict(env), cwd, output, received)
    try:
        await child.start()
        writing = asyncio.create_task(_write(child, to_send))
        try:
            yield receive, send
        finally:
            receive.close()  # what still arrives is thrown away
            await _finished(_end(child, writing))
    finally:
        for stream in (received, receive, send, to_send):
            stream.close()


class _Child:
    """A server as a child process, and the thread that waits for what it writes and for its end.

    The thread that starts a child has to live as long as it does: on Linux the child ends with it.
    """

    def __init__(
        self,
        argv: Sequence[str],
        env: Mapping[str, str],
        cwd: str | None,
        output: ServerOutput,
        received: Any,
    ) -> None:
        self._argv, self._env, self._cwd = argv, env, cwd
        self._output = output
        self._received = received
        self._loop = asyncio.get_running_loop()
        self._started: asyncio.Future[subprocess.Popen[bytes]] = self._loop.create_future()
        self._process: subprocess.Popen[bytes] | None = None
        self.ended = asyncio.Event()

    async def start(self) -> None:
        """Start it.

        Raises:
            OSError: It cannot be started.
        """
        threading.Thread(target=self._run, daemon=True, name="modelwire-mcp-server").start()
        try:
            await asyncio.shield(self._started)
        except asyncio.CancelledError:
            with suppress(OSError):
                await self._started  # it is under way, and would be left behind
                await _finished(_end(self, None))
            raise

    def write(self, data: bytes) -> None:
        """Write all of it; called in a thread, since a server that does not read holds it up."""
        stdin = self._process.stdin if self._process is not None else None
        view = memoryview(data)
        with suppress(OSError, ValueError):  # it has ended; the reader notes that
            while stdin is not None and view:
                view = view[stdin.write(view) :]

    def close_input(self) -> None:
        """End its input, by which it should notice that it is to end."""
        if self._process is not None and self._process.stdin is not None:
            with suppress(OSError):
                self._process.stdin.close()

    def signal(self, sign: int) -> None:
        """Send a signal to it and to what it has started itself."""
        process = self._process
        with suppress(ProcessLookupError, PermissionError):
            if process is not None and hasattr(os, "killpg"):
                os.killpg(process.pid, sign)
            elif process is not None and process.returncode is None:
                process.send_signal(sign)

    def _run(self) -> None:
        try:
            process = subprocess.Popen(  # noqa: S603 - the command is what the user configured
                _leashed(self._argv),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=dict(self._env),
                cwd=self._cwd,
                bufsize=0,
                start_new_session=True,  # Ctrl-C at the terminal is for this program
            )
        except (OSError, ValueError) as error:
            self._tell(self._started.set_exception, error)
            return
        self._process = process
        errors = threading.Thread(target=self._keep_errors, args=(process.stderr,), daemon=True)
        errors.start()
        self._tell(self._started.set_result, process)
        with _buffered(process.stdout) as stdout:
            while line := self._line(stdout):
                self._deliver(line)
            errors.join(_LAST_WORDS)
            self._call(self._received.aclose())
            while stdout.read(_PIECE):  # one that cannot write does not end
                pass
        process.wait()
        self._tell(self.ended.set)

    def _line(self, stdout: io.BufferedReader) -> bytes:
        """The next line that is not blank; nothing at the end, or where a line is too long."""
        while line := stdout.readline(LONGEST_LINE):
            if len(line) >= LONGEST_LINE and not line.endswith(b"\n"):
                self._output.fault = f"It sent more than {LONGEST_LINE} bytes without an end."
                return b""
            if line.strip():
                return line
        return b""

    def _deliver(self, line: bytes) -> None:
        try:
            message = mcp_types.jsonrpc_message_adapter.validate_json(line, by_name=False)
        except ValueError as error:
            self._call(self._received.send(error))
        else:
            self._call(self._received.send(SessionMessage(message)))

    def _keep_errors(self, stderr: Any) -> None:
        with stderr:
            while chunk := stderr.read(_PIECE):
                for line in chunk.decode("utf-8", "replace").splitlines():
                    if text := _CONTROL.sub(" ", line).strip():
                        self._output.lines.append(text[:_LONGEST_KEPT])

    def _call(self, work: Coroutine[Any, Any, None]) -> None:
        """Run work on the loop, and wait for it: a server is read no faster than its messages are handled."""
        try:
            done = asyncio.run_coroutine_threadsafe(work, self._loop)
        except RuntimeError:  # the loop has ended
            work.close()
            return
        with suppress(Exception, asyncio.CancelledError):  # there is no listener any more
            done.result()

    def _tell(self, call: Callable[..., object], *given: object) -> None:
        with suppress(RuntimeError):  # the loop has ended
            self._loop.call_soon_threadsafe(call, *given)


def _buffered(stdout: Any) -> io.BufferedReader:
    """The raw stream of a child, read in pieces."""
    return io.BufferedReader(stdout)


async def _write(child: _Child, to_send: Any) -> None:
    async with to_send:
        with suppress(anyio.ClosedResourceError):
            async for message in to_send:
                text = message.message.model_dump_json(by_alias=True, exclude_unset=True)
                data = text.encode() + b"\n"
                await run_in_thread(partial(child.write, data))


async def _end(child: _Child, writing: asyncio.Task[None] | None) -> None:
    """Close its input, wait, then end its whole process group; nothing of it is left afterwards."""
    if writing is not None:
        writing.cancel()
        await asyncio.wait([writing])
    await run_in_thread(child.close_input)
    kill = getattr(signal, "SIGKILL", signal.SIGTERM)
    for sign in (None, signal.SIGTERM, kill):
        if sign is not None:
            child.signal(sign)
        with suppress(TimeoutError):
            await asyncio.wait_for(child.ended.wait(), _GRACE)
            break
    child.signal(kill)  # what it started itself


async def _finished(work: Coroutine[Any, Any, None]) -> None:
    """Wait for work to end, also where the waiting is cancelled meanwhile."""
    task = asyncio.ensure_future(work)
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        await task
        raise


def _leashed(argv: Sequence[str]) -> list[str]:
    """The command, such that the system ends it when this process is killed; only Linux can."""
    if sys.platform == "linux" and (leash := shutil.which("setpriv")):
        found = shutil.which(argv[0])
        if found is not None:  # else the error would be of the leash
            return [leash, "--pdeathsig", "KILL", "--", found, *argv[1:]]
    return list(argv)
