"""Environments of foreign clients, which are installed once, in `.venv-bench/client-<name>`."""

import hashlib
import os
import subprocess
import sys
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ENVIRONMENTS = ROOT / ".venv-bench"
REQUIREMENTS = ROOT / "plugins" / "bedrock" / "tests" / "emulator" / "clients"

_EVERY = "MODELWIRE_FOREIGN_CLIENTS"

every_client = pytest.mark.skipif(not os.environ.get(_EVERY), reason=f"longer: set {_EVERY}=1")
"""Marks tests of clients with many dependencies, which are installed on demand."""


def client_python(name):
    """The interpreter of a client's environment; skips where it cannot be installed."""
    folder = ENVIRONMENTS / f"client-{name}"
    wanted = REQUIREMENTS / f"{name}.txt"
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
