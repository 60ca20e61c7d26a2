"""A virtual environment for each peer, beside the project's own and never in it.

What a peer consists of is pinned in `peers/<name>.txt`. An environment is made once, and again when
its file changes. A peer that cannot be installed is left out, and the tables say why.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

__all__ = ["FRAMEWORKS", "GATEWAYS", "NEAREST", "OWN", "PEERS", "SDKS", "Environments"]

_HERE = Path(__file__).parent
_ROOT = _HERE.parent
_ENVIRONMENTS = _ROOT / ".venv-bench"

OWN = ("floor", "modelwire")
"""What runs in the environment that runs the benchmarks."""
GATEWAYS = ("litellm_proxy",)
"""Servers that other programs call."""
PEERS = (
    "boto3",
    "aiobotocore",
    "aws_sdk",
    "pydantic_ai",
    "strands",
    "langchain_aws",
    "any_llm",
    "litellm",
    "llm",
)
SDKS = ("openai", "anthropic")
"""The makers' own, for the APIs of theirs that Bedrock has."""
FRAMEWORKS = {
    "framework_langchain": "langchain",
    "framework_pydantic_ai": "pydantic_ai",
    "framework_ray": "ray",
    "framework_strands": "strands",
}
"""Frameworks, each with the integration that is installed beside it."""
NEAREST = ("boto3", "aiobotocore")
"""The peers of a quick run."""

_NEEDS = {"aws_sdk": "3.12"}
"""The Python that a peer needs, where that is a newer one."""


class Environments:
    """Finds the Python that runs a peer, and makes its environment where there is none.

    Attributes:
        missing: Why a peer cannot be measured, by its name.
    """

    def __init__(self) -> None:
        self.missing: dict[str, str] = {}

    def python(self, name: str) -> Path | None:
        """The interpreter of a peer, or `None` where it cannot be installed.

        What a peer does besides, as `boto3_tools` or `openai:responses`, runs in its environment, too.
        """
        name = name.partition(":")[0]
        known = (*OWN, *GATEWAYS, *PEERS, *SDKS, *FRAMEWORKS)
        name = next(peer for peer in known if name == peer or name.startswith(f"{peer}_"))
        if name in OWN:
            return Path(sys.executable)
        if name in self.missing:
            return None
        folder = _ENVIRONMENTS / name
        python = folder / "bin" / "python"
        mark = folder / "installed"
        digest = _digest(name)
        if not mark.exists() or mark.read_text() != digest:
            print(f"Installing {name} ...", file=sys.stderr)
            failure = _install(folder, python, name)
            if failure is not None:
                self.missing[name] = failure
                return None
            mark.write_text(digest)
        return python

    def pins(self, name: str) -> dict[str, str]:
        """The versions that a peer's file asks for, by package."""
        lines = (_HERE / "peers" / f"{name}.txt").read_text().split()
        return dict(line.split("==", 1) for line in lines)


def _ours(name: str) -> list[Path]:
    """The packages of this project that belong into a peer's environment."""
    if name not in FRAMEWORKS:
        return []
    return [
        _ROOT / "core",
        _ROOT / "plugins" / "bedrock",
        _ROOT / "integrations" / FRAMEWORKS[name],
    ]


def _digest(name: str) -> str:
    files = [
        _HERE / "peers" / f"{name}.txt",
        *(package / "pyproject.toml" for package in _ours(name)),
    ]
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()


def _interpreter(name: str) -> Path | None:
    """The Python to make a peer's environment with."""
    needed = _NEEDS.get(name)
    if needed is None or sys.version_info[:2] >= tuple(map(int, needed.split("."))):
        return Path(sys.executable)
    found = [Path(f"python{needed}"), *Path.home().glob(f".pyenv/versions/{needed}.*/bin/python")]
    return next((python for python in found if _runs(python)), None)


def _runs(python: Path) -> bool:
    try:
        return subprocess.run([python, "-c", ""], capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def _install(folder: Path, python: Path, name: str) -> str | None:
    interpreter = _interpreter(name)
    if interpreter is None:
        return f"it needs Python {_NEEDS[name]}, which is not installed"
    subprocess.run([interpreter, "-m", "venv", "--clear", folder], check=True)
    requirements = _HERE / "peers" / f"{name}.txt"
    ours = [word for package in _ours(name) for word in ("-e", package)]
    done = subprocess.run(
        [python, "-m", "pip", "install", "--disable-pip-version-check", "-qr", requirements, *ours],
        capture_output=True,
        text=True,
        env={**os.environ, "PIP_NO_INPUT": "1"},
        check=False,
    )
    if done.returncode == 0:
        return None
    errors = [line for line in done.stderr.splitlines() if line.startswith("ERROR:")]
    return (errors or ["ERROR: pip failed"])[0].removeprefix("ERROR: ")[:160]
