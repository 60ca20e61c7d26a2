"""Recordings that no test used: found in a run of pytest, and reported at its end.

pytest loads it in every run, so it imports nothing of modelwire.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, Literal

import pytest

from modelwire_cache.names import folder_of_test, is_recording

__all__ = ["OrphanSearch", "UnusedRecordings"]

_OUTPUT = "modelwire_orphaned_recordings"
_MOST_SHOWN = 20


class UnusedRecordings:
    """Collects what tests used, in the process that reports.

    Args:
        action: What is done about recordings that were not used.
        root: The folder that shown paths begin at.
    """

    def __init__(self, action: Literal["report", "fail", "remove"], root: Path) -> None:
        self._action = action
        self._root = root
        self._unused: set[Path] = set()
        self._counts = {"replayed": 0, "recorded": 0}
        self._missed: list[str] = []

    def add(self, paths: Iterable[str | Path]) -> None:
        """Note recordings that were not used."""
        self._unused.update(map(Path, paths))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note what a test used, also one in another process."""
        result = getattr(report, "modelwire_recordings", None)
        if result is None:
            return
        for name in self._counts:
            self._counts[name] += result[name]
        if result["misses"]:
            self._missed.append(report.nodeid)
        self.add(result["unused"])

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Note what a process of xdist found."""
        self.add(getattr(node, "workeroutput", {}).get(_OUTPUT, ()))

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Report unused recordings, remove them, or fail the run."""
        output = getattr(session.config, "workeroutput", None)
        if output is not None:
            output[_OUTPUT] = sorted(map(str, self._unused))
            return
        if self._action == "remove":
            for path in self._unused:
                path.unlink(missing_ok=True)
                with suppress(OSError):  # others are left in it
                    path.parent.rmdir()
        elif self._action == "fail" and self._unused and session.exitstatus == 0:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Report what was recorded, missed and not used."""
        lines = list(self._summary())
        if lines:
            terminalreporter.section("test recordings")
            for line in lines:
                terminalreporter.write_line(line)

    def _summary(self) -> Iterator[str]:
        if self._counts["recorded"]:
            yield f"{self._counts['recorded']} recorded, {self._counts['replayed']} replayed"
        for test in self._missed:
            yield f"{test} passed, though a request of it had no recording"
        if not self._unused:
            return
        done = "removed" if self._action == "remove" else "not used"
        yield f"{len(self._unused)} {done}:"
        for path in sorted(self._unused)[:_MOST_SHOWN]:
            inside = path.is_relative_to(self._root)
            yield f"  {path.relative_to(self._root) if inside else path}"
        if len(self._unused) > _MOST_SHOWN:
            yield f"  and {len(self._unused) - _MOST_SHOWN} more"
        if self._action != "remove":
            yield "Remove them with --recordings-unused=remove."


class OrphanSearch:
    """Finds the recordings of tests that there are no more, in modules that are collected whole.

    Args:
        unused: Where they are noted.
        folder: The name of the folder of recordings beside each module.
    """

    def __init__(self, unused: UnusedRecordings, folder: str) -> None:
        self._unused = unused
        self._folder = folder
        self._partial: set[Path] = set()

    def pytest_deselected(self, items: Iterable[pytest.Item]) -> None:
        """Note the modules of which not all tests run."""
        self._partial.update(item.path for item in items)

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Compare the folders of recordings with the tests."""
        chosen = any("::" in str(argument) for argument in session.config.args)
        if chosen or session.config.option.collectonly:
            return
        tests: dict[Path, set[str]] = {}
        for item in session.items:
            names = tests.setdefault(item.path, set())
            names.add(folder_of_test(item.nodeid.partition("::")[2]))
        for module, names in tests.items():
            if module not in self._partial:
                self._unused.add(_below(module.parent / self._folder / module.stem, names))
        for parent in {module.parent for module in tests}:
            modules = {path.stem for path in parent.glob("*.py")}
            self._unused.add(_below(parent / self._folder, modules))


def _below(folder: Path, known: set[str]) -> Iterator[Path]:
    """The recordings in those folders below one that have no known name."""
    if not folder.is_dir():
        return
    for path in folder.iterdir():
        if path.is_dir() and path.name not in known:
            yield from filter(is_recording, path.rglob("*.json"))
