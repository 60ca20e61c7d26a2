"""A release of every package: wheels, source archives, a bill of materials and checksums in `dist/`.

It is built from the last commit and nothing else, with the tools that `tools.txt` pins. The same
commit gives the same bytes wherever and whenever it is built, with the same version of Python.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from bom import DependencyError, Resolution, bill_of_materials

ROOT = Path(__file__).resolve().parent.parent
SUMS = "SHA256SUMS"
APART = {
    "modelwire_ray": ("modelwire",),
    "modelwire_strands": ("modelwire", "modelwire_bedrock"),
}
"""Packages that are not resolved together with all others, and those of ours that they need.

Strands allows no mcp as new as modelwire-mcp needs, and Ray is large. Each has a lock file of its own.
"""


class ReleaseError(Exception):
    """Why there is no release, and what to do about it."""


class Commit(NamedTuple):
    """The commit that a release is built from.

    Attributes:
        id: Its hash.
        time: Its time, in seconds since 1970.
    """

    id: str
    time: int


def main() -> int:
    """Build the release of this repository; return the exit status."""
    os.umask(0o022)
    try:
        commit = last_commit(ROOT)
        with tempfile.TemporaryDirectory(prefix="modelwire-release-") as scratch:
            made = release(ROOT, commit, Path(scratch))
            shutil.rmtree(ROOT / "dist", ignore_errors=True)
            shutil.copytree(made, ROOT / "dist")
    except (ReleaseError, DependencyError) as error:
        print(f"Error: {error}", file=sys.stderr)
        return 1
    names = [path.name for path in sorted((ROOT / "dist").iterdir())]
    print(f"dist/ has {len(names)} files, built from commit {commit.id[:12]}:")
    print("\n".join(f"  {name}" for name in names))
    return 0


def last_commit(root: Path) -> Commit:
    """The commit that is checked out.

    Raises:
        ReleaseError: There is none, or files differ from it.
    """
    changed = run("git", "status", "--porcelain", "--untracked-files", cwd=root).splitlines()
    if changed:
        shown = "\n".join(f"  {line}" for line in changed[:10])
        rest = f"\n  and {len(changed) - 10} more" if len(changed) > 10 else ""
        msg = (
            "The working tree differs from the last commit, which a release is built from. "
            f"Commit, stash or remove these first:\n{shown}{rest}"
        )
        raise ReleaseError(msg)
    name, time = run("git", "log", "-1", "--format=%H %ct", cwd=root).split()
    return Commit(name, int(time))


def release(root: Path, commit: Commit, scratch: Path) -> Path:
    """Build every file of a release; return their folder.

    Args:
        root: The repository.
        commit: The commit that it is built from.
        scratch: An empty folder.

    Raises:
        ReleaseError: A package cannot be built.
        DependencyError: Its dependencies are not those that the lock files have.
    """
    tree, made = scratch / "tree", scratch / "dist"
    made.mkdir()
    export(root, commit, scratch / "tree.tar", tree)
    for package in packages(tree):
        print(f"Building {package.relative_to(tree)}", flush=True)
        shutil.copyfile(tree / "LICENSE", package / "LICENSE")
        build(package, scratch / "unpacked" / package.name, made, commit)
    print("Resolving the dependencies", flush=True)
    archives = {path: sha256(path) for path in sorted(made.iterdir())}
    found = resolutions(archives, tree / "release")
    materials = bill_of_materials(archives, found, commit=commit.id, time=commit.time)
    (made / materials.name).write_text(materials.text, encoding="utf-8")
    write_sums(made)
    return made


def export(root: Path, commit: Commit, packed: Path, tree: Path) -> None:
    """Write the files of a commit into a folder, as they are stored."""
    # Otherwise git would write the line endings that its user prefers.
    stored = ("-c", "core.autocrlf=false", "-c", "core.eol=lf")
    run("git", *stored, "archive", "--format=tar", "--output", packed, commit.id, cwd=root)
    with tarfile.open(packed) as archive:
        archive.extractall(tree, filter="data")


def packages(tree: Path) -> list[Path]:
    """The folders of the packages: the core, every plugin and every integration."""
    manifests = [
        *tree.glob("plugins/*/pyproject.toml"),
        *tree.glob("integrations/*/pyproject.toml"),
    ]
    return [tree / "core", *sorted(path.parent for path in manifests)]


def build(package: Path, unpacked: Path, into: Path, commit: Commit) -> None:
    """Build the source archive of a package, and its wheel from that archive."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("HATCH_")}
    environ["SOURCE_DATE_EPOCH"] = str(commit.time)
    hatchling = (sys.executable, "-I", "-m", "hatchling", "build", "-d", into)
    before = set(into.iterdir())
    run(*hatchling, "-t", "sdist", cwd=package, environ=environ)
    (source,) = set(into.iterdir()) - before
    with tarfile.open(source) as archive:
        archive.extractall(unpacked, filter="data")
    (folder,) = unpacked.iterdir()
    run(*hatchling, "-t", "wheel", cwd=folder, environ=environ)


def resolutions(archives: Mapping[Path, str], folder: Path) -> list[Resolution]:
    """The wheels of a release, by how their dependencies are resolved.

    Args:
        archives: The wheels and source archives, each with its SHA-256.
        folder: Where the lock files are.
    """
    wheels = {path.name.partition("-")[0]: path for path in archives if path.suffix == ".whl"}
    packages = {"dependencies.txt": wheels.keys() - APART.keys()} | {
        f"dependencies-{name.removeprefix('modelwire_')}.txt": {name, *needed}
        for name, needed in APART.items()
    }
    return [
        Resolution(folder / lock, {wheels[name]: archives[wheels[name]] for name in sorted(names)})
        for lock, names in packages.items()
    ]


def write_sums(folder: Path) -> None:
    """Write the checksums of all files of a folder, as `sha256sum --check` reads them."""
    lines = [f"{sha256(path)}  {path.name}\n" for path in sorted(folder.iterdir())]
    (folder / SUMS).write_text("".join(lines), encoding="utf-8")


def sha256(path: Path) -> str:
    """The checksum of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def run(*command: str | Path, cwd: Path, environ: Mapping[str, str] | None = None) -> str:
    """Run a program that has to succeed; return what it printed.

    Raises:
        ReleaseError: It failed.
    """
    done = subprocess.run(
        command, check=False, cwd=cwd, env=environ, capture_output=True, text=True
    )
    if done.returncode != 0:
        typed = " ".join(map(str, command))
        msg = f"`{typed}` failed in {cwd}:\n{done.stdout}{done.stderr}".rstrip()
        raise ReleaseError(msg)
    return done.stdout


if __name__ == "__main__":
    sys.exit(main())
