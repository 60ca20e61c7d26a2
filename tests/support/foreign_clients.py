"""Environments of foreign clients: each is made once, in `.venv-bench`, with the pinned packages of a file.

A client that cannot be installed is skipped, and the reason said.
"""

import asyncio
import hashlib
import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

import pytest

_ALL = "MODELWIRE_FOREIGN_CLIENTS"
"""The variable that has the clients run that take long to be installed."""

every_client = pytest.mark.skipif(not os.environ.get(_ALL), reason=f"longer: set {_ALL}=1")
"""Marks tests of clients with many dependencies, which are installed on demand."""

CLIENTS = Path(__file__).parents[2] / "plugins" / "bedrock" / "tests" / "emulator" / "clients"
"""The folder of the requirements of clients that several tests run."""

_ENVIRONMENTS = Path(__file__).parents[2] / ".venv-bench"


def python_with(name, wanted):
    """The interpreter of an environment that has the packages of a requirements file."""
    folder = _ENVIRONMENTS / name
    mark = folder / "installed"
    digest = hashlib.sha256(wanted.read_bytes()).hexdigest()
    python = folder / "bin" / "python"
    if not mark.exists() or mark.read_text() != digest:
        venv.create(folder, clear=True, with_pip=False)  # ours installs into it
        command = [sys.executable, "-m", "pip", "--python", python, "install"]
        command += ["--no-input", "--no-compile", "-qr", wanted]
        done = subprocess.run(command, capture_output=True, text=True, timeout=500)
        if done.returncode:
            errors = [line for line in done.stderr.splitlines() if line.startswith("ERROR:")]
            pytest.skip(f"{name} cannot be installed: {(errors or ['pip failed'])[0]}")
        mark.write_text(digest)
    return python


def node_with(name, wanted):
    """A folder with the packages that a file names, one a line."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        pytest.skip("node and npm are not installed")
    folder = _ENVIRONMENTS / name
    packages = wanted.read_text().split()
    mark = folder / "installed"
    if not mark.exists() or mark.read_text().split() != packages:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "package.json").write_text('{"private": true, "type": "module"}')
        command = ["npm", "install", "--no-audit", "--no-fund", "--silent", *packages]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=500)
        if done.returncode:
            pytest.skip(f"npm cannot install {name}: {done.stderr[-200:]}")
        mark.write_text("\n".join(packages))
    return folder


async def run_program(command, home, **environ):
    """What a program prints that can reach loopback only; it runs in the folder `work` of its home."""
    work = home / "work"
    work.mkdir(exist_ok=True)
    process = await asyncio.create_subprocess_exec(
        *command,
        env={
            "PATH": os.environ["PATH"],
            "HOME": str(home),
            "HTTPS_PROXY": "http://127.0.0.1:9",
            "HTTP_PROXY": "http://127.0.0.1:9",
            "NO_PROXY": "127.0.0.1",
            **environ,
        },
        cwd=work,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    said, failed = await asyncio.wait_for(process.communicate(), 120)
    assert process.returncode == 0, said.decode()[-2000:] + failed.decode()[-2000:]
    return said.decode()
