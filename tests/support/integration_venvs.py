"""Environments in which a framework is installed, and beside it an integration from wheels of this checkout."""

import atexit
import shutil
import sys
import tempfile
from functools import cache
from pathlib import Path

from clean_venv import build_wheels, run
from foreign_clients import python_with

_ROOT = Path(__file__).parents[2]
_OURS = [_ROOT / "core", _ROOT / "plugins" / "bedrock", _ROOT / "plugins" / "openai"]
INTEGRATIONS = _ROOT / "integrations"


def python_beside(name, wanted, integration, folder):
    """The interpreter of an environment with the packages of a file, and an integration.

    Args:
        name: The environment, which is kept.
        wanted: The file with the framework, and what its tests need.
        integration: The folder of the integration in `integrations`.
        folder: Where the wheel of the integration is built.
    """
    python = python_with(name, wanted)
    wheels = [*_our_wheels(), *build_wheels(folder, INTEGRATIONS / integration)]
    pip = (sys.executable, "-m", "pip", "--python", python, "install", "--quiet", "--no-compile")
    run(*pip, *wheels)
    run(*pip, "--no-deps", "--no-index", "--force-reinstall", *wheels)
    return python


@cache
def _our_wheels():
    """The wheels that every integration needs."""
    folder = Path(tempfile.mkdtemp(prefix="modelwire-wheels-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return build_wheels(folder, *_OURS)
