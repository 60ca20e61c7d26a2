"""Environments in which nothing is installed but wheels that were just built, and what they need."""

import os
import subprocess
import sys
import venv
from pathlib import Path


def run(*command, **options) -> str:
    """Run a program that has to succeed; return what it printed."""
    done = subprocess.run(
        [str(part) for part in command], capture_output=True, text=True, timeout=300, **options
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def build_wheels(folder: Path, *packages: Path) -> list[Path]:
    """Build packages from their sources; return all wheels in the folder."""
    for package in packages:
        run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, package)
    return sorted(folder.glob("*.whl"))


def make_venv(folder: Path, *requirements) -> Path:
    """Make an environment, install into it, and return the folder of its programs."""
    venv.create(folder, with_pip=False)  # ours installs into it, and a pip of its own takes long
    install(folder / "bin", *requirements)
    return folder / "bin"


def install(programs: Path, *requirements) -> None:
    """Install into an environment.

    Python compiles what a program imports when it first does, which is a small part of everything.
    """
    pip = (sys.executable, "-m", "pip", "--python", programs / "python")
    run(*pip, "install", "--quiet", "--no-compile", *requirements)


def environ_of(programs: Path, home: Path) -> dict[str, str]:
    """The environment variables of a user who has nothing but these programs."""
    path = os.pathsep.join([str(programs), os.environ["PATH"]])
    return {"PATH": path, "HOME": str(home)}
