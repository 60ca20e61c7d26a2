"""Environments in which nothing is installed but wheels that were just built, and what they need.

What they need is copied from the environment of the tests, with its compiled modules: no package index
is asked, and nothing is unpacked and compiled again.
"""

import os
import shutil
import subprocess
import sys
import sysconfig
import venv
from collections.abc import Iterable, Set
from importlib.metadata import Distribution, PathDistribution, distribution
from pathlib import Path
from zipfile import Path as ZipPath

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name


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


def make_venv(folder: Path, *requirements: Path | str) -> Path:
    """Make an environment, and return the folder of its programs.

    Args:
        folder: Where.
        requirements: What is installed: wheels, and names of packages that are installed here.
    """
    venv.create(folder, with_pip=False)  # ours installs into it, and a pip of its own takes long
    wheels = [wheel for wheel in requirements if isinstance(wheel, Path)]
    metadata = [_metadata(wheel) for wheel in wheels]
    needed = [Requirement(name) for name in requirements if isinstance(name, str)]
    for package in metadata:
        needed += _requirements(package)
    for package in _installed(needed, besides={canonicalize_name(one.name) for one in metadata}):
        _copy(package, folder)
    if wheels:
        install(folder / "bin", *wheels)
    return folder / "bin"


def install(programs: Path, *wheels: Path) -> None:
    """Install wheels into an environment that has what they require.

    Python compiles what a program imports when it first does, which is a small part of everything.
    """
    pip = (sys.executable, "-m", "pip", "--python", programs / "python")
    run(*pip, "install", "--quiet", "--no-index", "--no-compile", *wheels)


def _metadata(wheel: Path) -> Distribution:
    name, version = wheel.name.split("-")[:2]
    return PathDistribution(ZipPath(wheel, f"{name}-{version}.dist-info/"))


def _requirements(package: Distribution, extras: Iterable[str] = ()) -> list[Requirement]:
    """What a package requires on this machine, with some of its extras."""
    return [
        requirement
        for requirement in map(Requirement, package.requires or ())
        if requirement.marker is None
        or any(requirement.marker.evaluate({"extra": extra}) for extra in ("", *extras))
    ]


def _installed(requirements: list[Requirement], besides: Set[str]) -> list[Distribution]:
    """The packages of the tests' environment that fulfil requirements, with all that those require."""
    found: dict[tuple[str, frozenset[str]], Distribution] = {}
    left = list(requirements)
    while left:
        requirement = left.pop()
        key = (canonicalize_name(requirement.name), frozenset(requirement.extras))
        if key[0] not in besides and key not in found:
            found[key] = distribution(key[0])
            left += _requirements(found[key], requirement.extras)
    return list({name: package for (name, _), package in found.items()}.values())


def _copy(package: Distribution, folder: Path) -> None:
    """Copy an installed package into an environment, whose Python then runs its scripts."""
    site = sysconfig.get_path("purelib", "venv", {"base": str(folder)})
    shebang = f"#!{sys.executable}\n".encode()
    for file in package.files or ():
        source, target = Path(file.locate()), Path(os.path.normpath(Path(site, file)))
        assert target.is_relative_to(folder), f"{package.name} has a file at {target}"
        if source.exists():  # a compiled module may be of another Python
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target)
            if target.parent == folder / "bin" and source.read_bytes().startswith(shebang):
                script = source.read_bytes().removeprefix(shebang)
                target.write_bytes(f"#!{folder / 'bin' / 'python'}\n".encode() + script)


def environ_of(programs: Path, home: Path) -> dict[str, str]:
    """The environment variables of a user who has nothing but these programs."""
    path = os.pathsep.join([str(programs), os.environ["PATH"]])
    return {"PATH": path, "HOME": str(home)}
