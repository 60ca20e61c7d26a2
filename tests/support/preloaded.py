"""`modelwire` and Python as processes of their own, forked from an interpreter that has imported modelwire.

Starting Python and importing the command line takes most of the time of most commands. Here a server
process imports everything once, and forks for each command: the fork gets the arguments, the environment,
the folder and the standard streams of the command, and ends as a program ends. In a long run every
command starts an interpreter of its own.

What an interpreter reads of the environment when it starts makes another server. All processes of one
test run share the servers: each holds a connection, the lease, to those that it uses, and a server ends
with the last of them. Tests of what happens before `main` is called, or of what is imported, have to
start the installed program themselves.
"""

import atexit
import contextlib
import hashlib
import json
import os
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import types
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TextIO

from filelock import FileLock
from long_runs import is_long

MODELWIRE = Path(sys.executable).with_name("modelwire")

_AT_START = ("PYTHON", "LANG", "LC_", "SSL_", "OPENSSL_")
"""Beginnings of the names of what is read when Python starts, or imports."""

_servers: dict[tuple, "_Server"] = {}
_making_servers = threading.Lock()


class Child:
    """A command that runs.

    Attributes:
        pid: Its process.
        returncode: Its exit status, once it has ended; negative for a signal.
    """

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self.pid = _received(connection)
        self.returncode: int | None = None

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end, and return its exit status."""
        if self.returncode is None:
            self._connection.settimeout(timeout)
            self.returncode = os.waitstatus_to_exitcode(_received(self._connection))
            self._connection.close()
        return self.returncode

    def kill(self) -> None:
        """End it, whatever it does."""
        if self.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)
            self.wait(30)


class _Server:
    """An interpreter that has imported the command line.

    Attributes:
        address: The socket at which it is asked to fork.
    """

    def __init__(self, environ: dict[str, str]) -> None:
        # All processes of pytest-xdist know the run by this name; without it there is but one.
        name = os.environ.get("PYTEST_XDIST_TESTRUNUID", str(os.getpid()))
        folder = Path(tempfile.gettempdir(), f"preloaded-{name[:12]}")
        folder.mkdir(mode=0o700, exist_ok=True)
        digest = hashlib.sha256(repr(sorted(environ.items())).encode()).hexdigest()
        self.address = str(folder / digest[:12])
        self._process: subprocess.Popen | None = None
        with FileLock(f"{self.address}.lock"):
            try:
                self._lease = self._ask(None)
            except OSError:
                self._begin(environ)
                self._lease = self._ask(None)
        atexit.register(self.close)

    def _begin(self, environ: dict[str, str]) -> None:
        Path(self.address).unlink(missing_ok=True)
        self._process = subprocess.Popen(
            [sys.executable, __file__, self.address],
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            start_new_session=True,
        )
        with self._process.stdout:
            self._process.stdout.readline()

    def _ask(self, request: dict | None, streams: tuple[int, ...] = ()) -> socket.socket:
        connection = socket.socket(socket.AF_UNIX)
        try:
            connection.connect(self.address)
            data = json.dumps(request).encode()
            socket.send_fds(connection, [struct.pack("!I", len(data))], streams)
            connection.sendall(data)
        except OSError:
            connection.close()
            raise
        return connection

    def start(self, request: dict, streams: tuple[int, int, int]) -> Child:
        return Child(self._ask(request, streams))

    def close(self) -> None:
        self._lease.close()
        if self._process is not None:
            self._process.wait(60)  # until the other processes of the test run end


def start(arguments, *, cwd, env, streams, terminal=False, python=False) -> Child:
    """Start a command in a session of its own.

    Args:
        arguments: Those of the command.
        cwd: The folder in which it runs.
        env: All its environment variables.
        streams: The descriptors of its standard streams.
        terminal: Whether its standard input is to be its terminal.
        python: Whether the command is `python -c` or `python -m` instead of `modelwire`.
    """
    request = {
        "argv": _command(arguments, python=python),
        "cwd": str(cwd),
        "env": dict(env),
        "terminal": terminal,
    }
    return _server_for(env).start(request, streams)


def _command(arguments, *, python: bool) -> list[str]:
    return [sys.executable if python else str(MODELWIRE), *map(os.fsdecode, arguments)]


def _server_for(env) -> _Server:
    told = {name: value for name, value in env.items() if name.startswith(_AT_START)}
    told.pop("PYTHONPATH", None)
    key = tuple(sorted(told.items()))
    with _making_servers:
        if key not in _servers:
            _servers[key] = _Server({"PATH": os.environ["PATH"], **told})
        return _servers[key]


def install(folder: Path, env) -> None:
    """Write a program `modelwire` for a shell with these variables: it has its command forked.

    It ends with the command's exit status; the command has its standard streams, and gets its SIGTERM.
    """
    program = folder / "modelwire"
    program.write_text(
        _PROGRAM.format(
            python=sys.executable, address=_server_for(env).address, modelwire=str(MODELWIRE)
        )
    )
    program.chmod(0o755)


_PROGRAM = """#!{python} -IS
import json, os, signal, socket, struct, sys

argv = [{modelwire!r}, *sys.argv[1:]]
request = {{"argv": argv, "cwd": os.getcwd(), "env": dict(os.environ), "terminal": False}}
data = json.dumps(request).encode()
server = socket.socket(socket.AF_UNIX)
server.connect({address!r})
socket.send_fds(server, [struct.pack("!I", len(data))], (0, 1, 2))
server.sendall(data)
def received():
    said = b""
    while len(said) < 4:
        part = server.recv(4 - len(said))
        assert part, "the server of forks has ended"
        said += part
    return struct.unpack("!i", said)[0]
pid = received()
signal.signal(signal.SIGTERM, lambda number, _: os.kill(pid, number))
sys.exit(os.waitstatus_to_exitcode(received()) % 256)
"""


def run(
    arguments, *, cwd, env, given=None, text=False, timeout=60, python=False, fresh=False
) -> subprocess.CompletedProcess:
    """Run a command to its end, without a terminal, as `subprocess.run` does.

    With `python`, the command is `python -c` or `python -m` instead of `modelwire`. With `fresh`, it has
    an interpreter of its own, as in a long run.
    """
    command = _command(arguments, python=python)
    if fresh or is_long() or _is_customized(env):
        return subprocess.run(
            command,
            cwd=cwd,
            env=env,
            input=given,
            stdin=subprocess.DEVNULL if given is None else None,
            capture_output=True,
            text=text,
            start_new_session=True,
            timeout=timeout,
        )
    theirs_in, ours_in = os.pipe()
    ours_out, theirs_out = os.pipe()
    ours_err, theirs_err = os.pipe()
    theirs = (theirs_in, theirs_out, theirs_err)
    try:
        child = start(arguments, cwd=cwd, env=env, streams=theirs, python=python)
    finally:
        for descriptor in theirs:
            os.close(descriptor)
    with ThreadPoolExecutor(3) as pool:
        filling = pool.submit(_fill, ours_in, given or b"")
        out, err = pool.submit(_drain, ours_out), pool.submit(_drain, ours_err)
        try:
            child.wait(timeout)
        except TimeoutError:
            raise subprocess.TimeoutExpired(command, timeout) from None
        finally:
            child.kill()
        filling.result()
        said = [stream.result() for stream in (out, err)]
    if text:
        said = [one.decode().replace("\r\n", "\n") for one in said]
    return subprocess.CompletedProcess(command, child.returncode, *said)


def _is_customized(env) -> bool:
    """Whether the interpreter runs code of the environment's when it starts."""
    folders = filter(None, env.get("PYTHONPATH", "").split(os.pathsep))
    return any(list(Path(folder).glob("*customize.py")) for folder in folders)


def _fill(descriptor: int, data: bytes) -> None:
    with contextlib.suppress(BrokenPipeError), open(descriptor, "wb") as stream:
        stream.write(data)


def _drain(descriptor: int) -> bytes:
    with open(descriptor, "rb") as stream:
        return stream.read()


def _received(connection: socket.socket) -> int:
    data = b""
    while len(data) < 4:
        part = connection.recv(4 - len(data))
        assert part, "the server of forks has ended"
        data += part
    return struct.unpack("!i", data)[0]


# What follows runs in the server.

_MODULES = ("modelwire", "modelwire_anthropic", "modelwire_bedrock", "modelwire_cache",
            "modelwire_local", "modelwire_openai", "modelwire_otel")  # fmt: skip
_LIBRARIES = ("aiohttp", "botocore.auth", "botocore.session", "cattrs", "filelock", "json5",
              "markdown_it", "platformdirs", "prompt_toolkit", "rich.markdown")  # fmt: skip
_NOT_NEEDED = ("emulator", "testing", "template", "pytest_plugin", "unused", "__main__")


def import_all() -> None:
    """Import the command line, the plugins, and what they import when it is needed."""
    import importlib
    import pkgutil

    for package in map(importlib.import_module, _MODULES):
        for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if not any(part in _NOT_NEEDED for part in found.name.split(".")):
                importlib.import_module(found.name)
    for name in _LIBRARIES:
        importlib.import_module(name)


def _serve(address: str) -> bool:
    """Fork until nobody holds a lease; whether this process is a command."""
    import gc
    import select

    import_all()
    gc.collect()
    gc.freeze()
    assert threading.active_count() == 1, threading.enumerate()
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(address)
    listener.listen()
    print("ready", flush=True)
    leases: set[socket.socket] = set()
    commands: dict[int, tuple[int, socket.socket]] = {}  # by the descriptor of each one's process
    patience = 60.0  # for the first lease; later ones overlap
    while ready := select.select(
        [listener, *leases, *commands], [], [], None if leases or commands else patience
    )[0]:
        for descriptor in commands.keys() & ready:
            _tell_end(*commands.pop(descriptor))
            os.close(descriptor)
        for lease in leases & {*ready}:
            leases.remove(lease)
            lease.close()
        if listener in ready:
            connection, _ = listener.accept()
            request, streams = _requested(connection)
            if request is None:
                leases.add(connection)
                patience = 0.5
                continue
            child = os.fork()
            if child == 0:
                others = (one for _, one in commands.values())
                for inherited in (listener, connection, *leases, *others):
                    inherited.close()
                for descriptor in commands:
                    os.close(descriptor)
                _attach(streams, terminal=request["terminal"])
                become(request)
                return True
            for descriptor in streams:
                os.close(descriptor)
            _tell(connection, child)
            commands[os.pidfd_open(child)] = child, connection
    listener.close()
    for path in (address, f"{address}.lock"):
        Path(path).unlink(missing_ok=True)
    with contextlib.suppress(OSError):  # there is another server
        Path(address).parent.rmdir()
    return False


def _requested(connection: socket.socket) -> tuple[dict | None, list[int]]:
    """The command that somebody wants, and its standard streams; no command for a lease."""
    head, streams, _, _ = socket.recv_fds(connection, 4, 3)
    size = struct.unpack("!I", head)[0]
    data = b""
    while len(data) < size:
        part = connection.recv(size - len(data))
        assert part, "the tests have ended"
        data += part
    return json.loads(data), streams


def _tell_end(command: int, connection: socket.socket) -> None:
    _, status = os.waitpid(command, 0)
    _tell(connection, status)
    connection.close()


def _tell(connection: socket.socket, number: int) -> None:
    with contextlib.suppress(OSError):  # nobody waits any more
        connection.sendall(struct.pack("!i", number))


def _attach(streams: list[int], *, terminal: bool) -> None:
    """Begin a session with these standard streams."""
    import fcntl
    import termios

    os.setsid()
    for number, descriptor in enumerate(streams):
        os.dup2(descriptor, number)
        os.close(descriptor)
    if terminal:
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)


def become(request: dict) -> None:
    """Make of this process what an interpreter is that has just been started."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        setattr(sys, name, _reopened(number, getattr(sys, name)))
        setattr(sys, f"__{name}__", getattr(sys, name))
    os.chdir(request["cwd"])
    os.environ.clear()
    os.environ.update(request["env"])
    sys.argv = request["argv"]
    path = [entry for entry in os.environ.get("PYTHONPATH", "").split(os.pathsep) if entry]
    first = {"-c": "", "-m": request["cwd"]}
    is_python = sys.argv[0] == sys.executable
    sys.path[:1] = [first[sys.argv[1]] if is_python else str(MODELWIRE.parent), *path]


def _reopened(descriptor: int, stream: TextIO) -> TextIO:
    return open(
        descriptor,
        "w" if descriptor else "r",
        1 if descriptor == 2 or os.isatty(descriptor) else -1,
        stream.encoding,
        stream.errors,
        closefd=False,
    )


def _program() -> None:
    """Run what the command line names, as the interpreter does."""
    if sys.argv[0] != sys.executable:
        from modelwire.cli import main

        main()
    elif sys.argv[1] == "-m":
        import runpy

        del sys.argv[:2]
        runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
    else:
        _, _, text, *arguments = sys.argv
        sys.argv = ["-c", *arguments]
        sys.modules["__main__"] = types.ModuleType("__main__")
        exec(compile(text, "<string>", "exec"), vars(sys.modules["__main__"]))


def _run() -> None:
    """Run the command and end as a program does, but without taking all modules apart."""
    status = 1
    try:
        _program()
        status = 0
    except SystemExit as end:
        status = end.code
    except BaseException:  # noqa: BLE001 - as the interpreter does
        sys.excepthook(*sys.exc_info())
    threading._shutdown()
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
    os._exit(status or 0)


if __name__ == "__main__" and _serve(sys.argv[1]):
    _run()
