"""The check of the files that run code whenever Python starts.

Python executes the lines of a `.pth` file in site-packages that begin with `import`, from 3.15 on
calls what a `.start` file names, and imports `sitecustomize` and `usercustomize`: in every program,
before its first line, whatever it imports (https://docs.python.org/3/library/site.html).
"""

from __future__ import annotations

import asyncio
import os
import site
import sys
import sysconfig
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attrs import evolve, frozen

from modelwire.cli.doctor.context import DoctorContext
from modelwire.cli.doctor.findings import Finding
from modelwire.cli.doctor.records import located, read_record
from modelwire.cli.text import printable

if TYPE_CHECKING:
    from importlib.metadata import Distribution

__all__ = ["StartupFile", "check_startup", "startup_files"]

_NAME = "startup"
_HOOKS = ("sitecustomize", "usercustomize")
_SHOWN = 60
_START_FILES = (3, 15)
"""The version of Python that began to read `.start` files (PEP 829)."""


@frozen
class StartupFile:
    """A file that Python reads when it starts.

    Attributes:
        path: The file.
        code: What Python executes of it; empty for a file that only adds folders to the path of
            imports.
        owner: The name of the package or program that it belongs to, or `None`.
        version: The owner's version, or `None` where it is not known.
        intact: Whether the file is as its owner installed it.
        editable: Whether the owner was installed in editable mode.
    """

    path: Path
    code: tuple[str, ...] = ()
    owner: str | None = None
    version: str | None = None
    intact: bool = True
    editable: bool = False


async def check_startup(_: DoctorContext) -> list[Finding]:
    """Look into the site-packages folders of this environment."""

    def examine() -> list[Finding]:
        files = [*startup_files(_site_folders()), *_imported_hooks()]
        return list(_findings(files))

    return await asyncio.to_thread(examine)


def startup_files(
    folders: Sequence[Path],
    *,
    python: tuple[int, ...] = sys.version_info[:2],
    prefix: Path = Path(sys.prefix),
) -> Iterator[StartupFile]:
    """Find the `.pth` and `.start` files of site-packages folders.

    Args:
        folders: The folders.
        python: The version of Python that reads them.
        prefix: The environment's folder, which may say what program made it.
    """
    code = {path: text for folder in folders for path, text in _executed(folder, python)}
    owners = _owners(folders, list(code)) if code else {}
    for path, lines in code.items():
        file = owners.get(path) or _made_by(prefix, path, lines) or StartupFile(path)
        yield evolve(file, code=lines)


def _site_folders() -> list[Path]:
    folders = site.getsitepackages()
    if site.ENABLE_USER_SITE:
        folders.append(site.getusersitepackages())
    return list(dict.fromkeys(Path(os.path.realpath(folder)) for folder in folders))


def _imported_hooks() -> Iterator[StartupFile]:
    """The modules that Python imported when this program started."""
    loaded = [getattr(sys.modules.get(name), "__file__", None) for name in _HOOKS]
    paths = [Path(located(path)) for path in loaded if path]
    owners = _owners(map(Path, sys.path), paths) if paths else {}
    for path in paths:
        file = owners.get(path) or _python_itself(path) or StartupFile(path)
        yield evolve(file, code=(f"import {path.stem}",))


def _executed(folder: Path, python: tuple[int, ...]) -> Iterator[tuple[Path, tuple[str, ...]]]:
    """The files that Python reads, each with what it executes of it."""
    try:
        names = sorted(path.name for path in folder.iterdir())
    except OSError:
        return
    begins = python >= _START_FILES
    for name in names:
        if not name.endswith((".pth", ".start") if begins else ".pth"):
            continue
        try:
            text = (folder / name).read_bytes().decode("utf-8-sig", "replace")
        except OSError:
            continue  # neither can Python
        lines = [line.strip() for line in text.splitlines()]
        if name.endswith(".start"):
            code = [line for line in lines if line and line[0] != "#"]
        elif begins and f"{name.removesuffix('.pth')}.start" in names:
            code = []
        else:
            code = [line for line in text.splitlines() if line.startswith(("import ", "import\t"))]
        yield Path(located(str(folder / name))), tuple(code)


def _owners(folders: Iterable[Path], wanted: Sequence[Path]) -> dict[Path, StartupFile]:
    """The files that installed packages list as theirs."""
    from importlib.metadata import distributions

    found: dict[Path, StartupFile] = {}
    names = {path.name for path in wanted}  # an environment has many thousands of files
    for package in distributions(path=list(map(str, folders))):
        record = read_record(package.read_text, str(package.locate_file("")), names)
        if record is None:
            continue
        for path in wanted:
            if str(path) in record.files:
                name, version = _name_and_version(package)
                intact = record.intact(str(path))
                found[path] = StartupFile(path, (), name, version, intact, record.editable)
    return found


def _name_and_version(package: Distribution) -> tuple[str, str]:
    try:
        return package.name or "?", package.version or "?"
    except (OSError, ValueError, LookupError, AttributeError):  # differs from version to version
        return "?", "?"


def _made_by(prefix: Path, path: Path, code: tuple[str, ...]) -> StartupFile | None:
    """The program that made the environment, of the one file that such programs put there."""
    if path.name != "_virtualenv.pth" or code != ("import _virtualenv",):
        return None
    try:
        lines = (prefix / "pyvenv.cfg").read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError):
        return None
    settings = {key.strip(): value.strip() for key, _, value in (s.partition("=") for s in lines)}
    maker = next((name for name in ("virtualenv", "uv") if name in settings), None)
    return StartupFile(path, code, maker, settings[maker]) if maker else None


def _python_itself(path: Path) -> StartupFile | None:
    if path.parent != Path(os.path.realpath(sysconfig.get_path("stdlib"))):
        return None
    return StartupFile(path, owner="Python")


def _findings(files: Iterable[StartupFile]) -> Iterator[Finding]:
    found = list(files)
    running = [file for file in found if file.code]
    if not running:
        yield Finding(_NAME, "ok", "No file runs code when Python starts.")
    yield from map(_finding, running)
    others = [file for file in found if not file.code]
    if sources := [file for file in others if file.owner is not None and file.editable]:
        text = f"Imported from their sources: {_counted([file.owner or '' for file in sources])}"
        yield _listed(text, sources)
    if paths := [file for file in others if file not in sources]:
        text = f"These only add folders to import from: {_counted([f.path.name for f in paths])}"
        yield _listed(text, paths)


def _listed(text: str, files: list[StartupFile]) -> Finding:
    return Finding(_NAME, "ok", text, details={"files": [_details(file) for file in files]})


def _counted(names: list[str]) -> str:
    rest = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return printable(", ".join(names[:3])) + rest


def _finding(file: StartupFile) -> Finding:
    what = f"{printable(str(file.path))} runs code whenever Python starts"
    details = _details(file)
    if file.owner is None:
        code = printable("; ".join(file.code))
        shown = code if len(code) <= _SHOWN else f"{code[:_SHOWN]}..."
        text = f"{what}, and belongs to no installed package: {shown}"
        hint = "It ran before this program did. Delete it, unless you know where it comes from."
        return Finding(_NAME, "warning", text, hint, details)
    owner = printable(f"{file.owner} {file.version or ''}".strip())
    if not file.intact:
        text = f"{what}, and is not as {owner} installed it."
        hint = f"Run: pip install --force-reinstall {printable(file.owner)}"
        return Finding(_NAME, "warning", text, hint, details)
    mode = ", which is installed in editable mode" if file.editable else ""
    return Finding(_NAME, "ok", f"{what}; it belongs to {owner}{mode}.", details=details)


def _details(file: StartupFile) -> dict[str, Any]:
    return {
        "file": str(file.path),
        "code": list(file.code),
        "owner": file.owner,
        "version": file.version,
        "intact": file.intact,
        "editable": file.editable,
    }
