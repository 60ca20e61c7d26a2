"""Servers of the official SDK as child processes, and a model that calls what it is asked to."""

import contextlib
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from free_ports import free_port

from modelwire import Runtime
from modelwire.config import Config
from modelwire.registry import Claim, Registry

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))  # for the modules beside the tests

from processes import EVERYTHING  # noqa: E402 - after the path


@pytest.fixture
def everything():
    return EVERYTHING


@pytest.fixture
def make_runtime(tmp_path):
    """A runtime whose model `scripted/m` makes the calls that the prompt lists as JSON."""
    claim = Claim("providers", "scripted", "scripted_model", "modelwire-scripted", "1.0")

    def make(document=None):
        config = Config.from_document(document or {}, environ={})
        return Runtime(
            config, registry=Registry(config, [claim]), cache_directory=tmp_path / "cache"
        )

    return make


@pytest.fixture(scope="session")
def http_url():
    """The address of the server over HTTP."""
    port = free_port()
    process = subprocess.Popen(
        [*EVERYTHING, "--http", str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        for _ in range(600):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                break
            time.sleep(0.1)
        assert process.poll() is None, "the server has ended"
        yield f"http://127.0.0.1:{port}/mcp"
    finally:
        process.kill()
        process.wait()
