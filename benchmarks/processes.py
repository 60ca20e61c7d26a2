"""The processes of a measurement: servers, and drivers that stream from them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from environments import GATEWAYS, NEAREST, PEERS, SDKS, Environments

__all__ = ["DRIVER", "Bench", "Driver", "come_first"]

_HERE = Path(__file__).parent
DRIVER = _HERE / "driver.py"
_AHEAD = 10
"""Steps of niceness."""
_KEPT = ("PATH", "LANG", "LC_ALL", "TMPDIR")


def come_first() -> None:
    """Let this process and those that it starts come before others, where that is allowed.

    Linux shares the processors between sessions first (`sched(7)`, autogroup), so the session has
    to be raised, too.
    """
    with suppress(OSError):
        os.nice(-_AHEAD)
        Path("/proc/self/autogroup").write_text(str(-_AHEAD))


class Driver:
    """One peer in a process of its own.

    Args:
        python: The interpreter of the peer's environment.
        name: The peer.
        environ: The environment variables.
    """

    def __init__(self, python: Path, name: str, environ: dict[str, str]) -> None:
        self.name = name
        self._process = subprocess.Popen(
            [python, DRIVER, name],
            env=environ,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def ask(self, what: str, **told: Any) -> dict[str, Any]:
        """Have something done; the answer holds `error` where that failed."""
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        try:
            stdin.write(json.dumps({"do": what, **told}) + "\n")
            stdin.flush()
            line = stdout.readline()
        except BrokenPipeError:
            line = ""
        if not line:
            return {"error": f"the process ended with status {self._process.wait()}"}
        answer: dict[str, Any] = json.loads(line)
        return answer

    def close(self) -> None:
        """End the process, whatever it is doing."""
        self._process.kill()
        self._process.communicate()


class Bench:
    """What all measurements share.

    Args:
        folder: A folder for the files of one run.
        quick: Whether a few rounds beside the nearest peers will do.
        rounds: How many rounds, in place of each measurement's own number.

    Attributes:
        versions: The versions of what was measured, by the name of the package.
    """

    def __init__(self, folder: Path, *, quick: bool = False) -> None:
        self.folder = folder
        self.quick = quick
        self.environments = Environments()
        if quick:
            far = (name for name in (*PEERS, *SDKS, *GATEWAYS) if name not in NEAREST)
            self.environments.missing |= dict.fromkeys(far, "left out of a quick run")
        self.versions: dict[str, str] = {}
        self._authority = self._certificate()

    def rounds(self, full: int, quick: int = 2) -> int:
        """How many rounds to make."""
        return quick if self.quick else full

    def environ(self, url: str | None = None) -> dict[str, str]:
        """The environment variables of a peer: a home of its own, and AWS at `url`."""
        home = self.folder / "home"
        home.mkdir(exist_ok=True)
        environ = {name: os.environ[name] for name in _KEPT if name in os.environ}
        environ |= {
            "HOME": str(home),
            "MODELWIRE_CACHE_DIR": str(home / "cache"),
            "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
            "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
            "AWS_REGION": "us-east-1",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_EC2_METADATA_DISABLED": "true",
            # Without these litellm fetches a price list, and langchain may report to its service.
            "LITELLM_LOCAL_MODEL_COST_MAP": "True",
            "LANGSMITH_TRACING": "false",
        }
        if url is not None:
            environ["AWS_ENDPOINT_URL_BEDROCK_RUNTIME"] = url
            environ["AWS_ENDPOINT_URL_BEDROCK_MANTLE"] = url
            if url.startswith("https:"):
                environ["AWS_CA_BUNDLE"] = environ["SSL_CERT_FILE"] = str(self._authority)
        return environ

    @contextmanager
    def server(self, what: str, *, tls: bool = False, **told: float | str) -> Iterator[str]:
        """Run `serve.py`; gives its address."""
        arguments = [f"--{name}={value}" for name, value in told.items()]
        if tls:
            arguments.append(f"--certificate={self.folder / 'server.pem'}")
        command = [sys.executable, _HERE / "serve.py", what, *arguments]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            try:
                assert process.stdout is not None
                yield process.stdout.readline().strip()
            finally:
                process.kill()

    @contextmanager
    def drivers(self, names: Sequence[str], url: str) -> Iterator[list[Driver]]:
        """Start a driver for each peer that can be had."""
        drivers = []
        try:
            for name in names:
                python = self.environments.python(name)
                if python is not None:
                    drivers.append(Driver(python, name, self.environ(url)))
            for driver in list(drivers):
                versions = driver.ask("versions")
                if "error" in versions:
                    self.environments.missing[driver.name] = versions["error"]
                    drivers.remove(driver)
                    driver.close()
                else:
                    self.versions |= versions
            yield drivers
        finally:
            for driver in drivers:
                driver.close()

    def run(
        self, python: Path, *arguments: str | Path, environ: dict[str, str]
    ) -> dict[str, float]:
        """Run Python to its end; say how long it took, by the clock and in CPU time.

        Raises:
            subprocess.CalledProcessError: It failed.
        """
        began = time.perf_counter()
        with subprocess.Popen(
            [python, *arguments],
            env=environ,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        ) as process:
            _, status, used = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise subprocess.CalledProcessError(process.returncode, process.args)
        wall = time.perf_counter() - began
        return {"wall": wall, "cpu": used.ru_utime + used.ru_stime, "peak": used.ru_maxrss * 1024}

    def _certificate(self) -> Path:
        import trustme

        authority = trustme.CA()
        authority.cert_pem.write_to_path(str(self.folder / "authority.pem"))
        server = authority.issue_cert("127.0.0.1", "localhost")
        server.private_key_and_cert_chain_pem.write_to_path(str(self.folder / "server.pem"))
        return self.folder / "authority.pem"
