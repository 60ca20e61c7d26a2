"""Gateways as processes, in front of the same fake provider: modelwire's, LiteLLM's proxy, and a floor."""

from __future__ import annotations

import json
import os
import re
import resource
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from attrs import frozen

from processes import Bench

__all__ = ["FLOOR", "GATEWAYS", "MODELS", "Gateway", "gateway", "provider"]

_HERE = Path(__file__).parent
GATEWAYS = ("modelwire_gateway", "litellm_proxy")
FLOOR = "floor_gateway"
"""A gateway that passes on what it gets, and does nothing else."""
MODELS = ("burst", "paced-1", "paced-2")
"""The models of the fake provider."""
_HEALTH = {
    "modelwire_gateway": "/healthz",
    "litellm_proxy": "/health/liveliness",
    FLOOR: "/healthz",
}
_START_SECONDS = 90
_PLENTY = 2_000_000_000


@frozen
class Gateway:
    """A gateway that runs, or the provider itself.

    Attributes:
        name: What it is.
        url: Its address.
        key: What clients need.
        pid: The process.
    """

    name: str
    url: str
    key: str
    pid: int

    def cpu(self) -> float:
        """CPU seconds of the process and its threads so far, to the microsecond."""
        tasks = Path(f"/proc/{self.pid}/task")
        used = 0
        for task in tasks.iterdir():
            with suppress(OSError):  # the thread has just ended
                used += int((task / "schedstat").read_text().split()[0])
        return used / 1e9

    def memory(self) -> int:
        """The memory of the process, in bytes."""
        pages = int(Path(f"/proc/{self.pid}/statm").read_text().split()[1])
        return pages * resource.getpagesize()


@contextmanager
def provider() -> Iterator[Gateway]:
    """Run the fake provider."""
    with subprocess.Popen(
        [sys.executable, _HERE / "upstream.py"], stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            url = process.stdout.readline().strip()
            yield Gateway("provider", url, "none", process.pid)
        finally:
            process.kill()


@contextmanager
def gateway(
    bench: Bench, name: str, upstream: str, *, core: int | None
) -> Iterator[Gateway | None]:
    """Run a gateway; `None` where it cannot be installed.

    Args:
        bench: The environments.
        name: Which.
        upstream: The address of the provider.
        core: The core that it may use; `None` is any.
    """
    python = bench.environments.python(name)
    if python is None:
        yield None
        return
    folder = bench.folder / name
    folder.mkdir(exist_ok=True)
    environ = {**bench.environ(), "HOME": str(folder)}
    prepare = {"modelwire_gateway": _modelwire, FLOOR: _floor}.get(name, _litellm)
    port = _free_port()
    command, key = prepare(python, folder, environ, upstream, port)
    log = (folder / "log").open("w")
    with log, subprocess.Popen(command, env=environ, stdout=log, stderr=log, cwd=folder) as process:
        try:
            if core is not None:
                os.sched_setaffinity(process.pid, {core})
            url = f"http://127.0.0.1:{port}"
            _wait_for(url + _HEALTH[name], process, folder / "log")
            yield Gateway(name, url, key, process.pid)
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()


def _modelwire(
    python: Path, folder: Path, environ: dict[str, str], upstream: str, port: int
) -> tuple[Sequence[str | Path], str]:
    """A gateway with a stored key that has limits, so that each request is checked and counted."""
    models = [{"id": name, "cost": {"input": 1, "output": 2}} for name in MODELS]
    config = {
        "models": {
            "providers": {
                "fake": {
                    "baseUrl": f"{upstream}/v1",
                    "api": "openai-completions",
                    "apiKey": "none",
                    "models": models,
                }
            }
        },
        "plugins": {
            "entries": {"gateway": {"config": {"aliases": {m: f"fake/{m}" for m in MODELS}}}}
        },
    }
    path = folder / "config.json5"
    path.write_text(json.dumps(config))
    environ["MODELWIRE_CONFIG"] = str(path)
    limits = [f"--{limit}={_PLENTY}" for limit in ("rpm", "tpm", "concurrency", "budget-month")]
    run = [python, "-m", "modelwire", "serve"]
    made = subprocess.run(
        [*run, "keys", "create", "--name=bench", *limits],
        env=environ,
        capture_output=True,
        text=True,
        check=True,
    )
    found = re.search(r"mw-\S+", made.stdout)
    assert found is not None, made.stdout
    return [*run, f"--port={port}", "--log=none"], found[0]


def _floor(
    python: Path, _folder: Path, _environ: dict[str, str], upstream: str, port: int
) -> tuple[Sequence[str | Path], str]:
    """The floor, which asks for no key."""
    program = _HERE / "floor_gateway.py"
    return [python, program, f"--port={port}", f"--upstream={upstream}"], "none"


def _litellm(
    python: Path,
    folder: Path,
    environ: dict[str, str],
    upstream: str,
    port: int,
) -> tuple[Sequence[str | Path], str]:
    """LiteLLM's proxy as it is installed, with its one key and no database."""
    config: dict[str, Any] = {
        "model_list": [
            {
                "model_name": name,
                "litellm_params": {
                    "model": f"openai/{name}",
                    "api_base": f"{upstream}/v1",
                    "api_key": "none",
                },
            }
            for name in MODELS
        ],
        "litellm_settings": {
            "telemetry": False,
            # Else it calls Responses for Messages, and the provider has Chat Completions alone.
            "use_chat_completions_url_for_anthropic_messages": True,
        },
        "general_settings": {"master_key": "sk-bench"},
    }
    path = folder / "config.yaml"
    path.write_text(json.dumps(config))  # JSON is YAML
    environ["LITELLM_LOG"] = "ERROR"
    program = python.parent / "litellm"
    return [
        program,
        f"--config={path}",
        "--host=127.0.0.1",
        f"--port={port}",
        "--num_workers=1",
    ], "sk-bench"


def _free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        port: int = listening.getsockname()[1]
        return port


def _wait_for(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    ends = time.monotonic() + _START_SECONDS
    while time.monotonic() < ends and process.poll() is None:
        with suppress(OSError), urllib.request.urlopen(url, timeout=5):  # noqa: S310 - loopback
            return
        time.sleep(0.2)
    msg = f"{url} does not answer: {log.read_text()[-600:]}"
    raise RuntimeError(msg)
