"""The pytest plugin: a marker, a fixture and options for test recordings.

pytest loads it in every run, so it imports nothing of modelwire before a test uses recordings.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from modelwire_cache.names import (
    FOLDER_VARIABLE,
    MODE_VARIABLE,
    MODES,
    USED_VARIABLE,
    Mode,
    folder_of_test,
    mode_of,
)
from modelwire_cache.unused import OrphanSearch, UnusedRecordings

if TYPE_CHECKING:
    from modelwire_cache.session import Session

__all__ = ["Recordings", "recordings"]

_MARKER = "recordings"
_SIGNATURE = "recordings(mode=None, *, folder=None, repeat=None)"
_RESULT = "modelwire_recordings"
_TEST = pytest.StashKey["Recordings"]()
_PASSED = pytest.StashKey[bool]()
_UNUSED = pytest.StashKey[UnusedRecordings]()


class Recordings:
    """The recordings of one test.

    Attributes:
        mode: The mode: `replay`, `record-missing`, `record` or `off`.
        folder: The folder of the test's recordings.
    """

    def __init__(self, mode: Mode, folder: Path, names: dict[str, str], session: Session) -> None:
        self.mode = mode
        self.folder = folder
        self._names = names
        self._session = session

    @property
    def replayed(self) -> list[Path]:
        """The recordings that were replayed so far."""
        return sorted(self._session.replayed)

    @property
    def recorded(self) -> list[Path]:
        """The recordings that were made so far."""
        return sorted(self._session.recorded)

    @property
    def misses(self) -> list[str]:
        """The report of each request that had no recording."""
        return list(self._session.misses)

    @property
    def details(self) -> list[str]:
        """Where the requests that had no recording differ from recorded ones, in lines."""
        return list(self._session.details)

    def replace(self, text: object, name: str) -> None:
        """Let recordings hold a name in the place of a text that differs from one run to the next.

        It is replaced in requests, and so they stay the same; in answers as well, and there the name
        is replaced by the text again when they are replayed. `tmp_path` is replaced by itself.

        Args:
            text: The text, or what `str` makes one of, such as a path.
            name: What recordings hold, as `<project>`.

        Raises:
            ValueError: The text or the name is empty, or another text has the name.
        """
        if not str(text) or not name:
            msg = "A text and its name in recordings must not be empty."
            raise ValueError(msg)
        other = next((own for own, used in self._names.items() if used == name), str(text))
        if other != str(text):
            msg = f"{name} is the name of another text in recordings: {other!r}."
            raise ValueError(msg)
        self._names[str(text)] = name


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options and the settings of the ini file."""
    group = parser.getgroup("modelwire", "modelwire")
    group.addoption(
        "--recordings",
        metavar="MODE",
        help="Mode of tests with recordings: replay (the default: no model is called), "
        "record-missing (replay, and record what is missing), record (ask, and record all again), "
        "off (ask, and record nothing).",
    )
    group.addoption(
        "--recordings-unused",
        choices=("report", "fail", "remove"),
        help="What to do about recordings that no test used: report (the default), fail, remove.",
    )
    parser.addini("recordings", "The default of --recordings.", default="")
    parser.addini("recordings_unused", "The default of --recordings-unused.", default="report")
    parser.addini(
        "recordings_dir",
        "The folder of recordings, beside each test module.",
        default="recordings",
    )
    parser.addini(
        "recordings_repeat",
        "Whether the last recording answers further requests equal to it.",
        type="bool",
        default=False,
    )


def pytest_configure(config: pytest.Config) -> None:
    """Check the settings, and register the marker."""
    config.addinivalue_line("markers", f"{_SIGNATURE}: replay or record what the test asks models.")
    _mode_of_run(config)
    unused = config.getoption("recordings_unused") or config.getini("recordings_unused")
    if unused not in ("report", "fail", "remove"):
        msg = f"recordings_unused is {unused!r}: expected one of report, fail, remove"
        raise pytest.UsageError(msg)
    config.stash[_UNUSED] = UnusedRecordings(unused, config.rootpath)
    config.pluginmanager.register(config.stash[_UNUSED], "modelwire-unused-recordings")
    search = OrphanSearch(config.stash[_UNUSED], str(config.getini("recordings_dir")))
    config.pluginmanager.register(search, "modelwire-orphaned-recordings")


def pytest_itemcollected(item: pytest.Item) -> None:
    """Let a marked test use the fixture, before its other fixtures."""
    names = getattr(item, "fixturenames", None)
    if names is not None and item.get_closest_marker(_MARKER) and _MARKER not in names:
        # The list is shared by the cases of a parametrized test, of which not all may be marked.
        item.fixturenames = [_MARKER, *names]  # type: ignore[attr-defined] # those of functions have it


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Note whether the test passed, and what it used; that travels with the last report."""
    report = yield
    test = item.stash.get(_TEST, None)
    if report.when == "call":
        item.stash[_PASSED] = report.passed
        if report.failed and test is not None and test.details:
            report.sections.append(("differences from recordings", "\n".join(test.details)))
    if report.when == "teardown" and test is not None:
        passed = item.stash.get(_PASSED, False)
        result = {
            "replayed": len(test.replayed),
            "recorded": len(test.recorded),
            "misses": len(test.misses) if passed else 0,
            "unused": [str(path) for path in _unused(item, test)] if passed else [],
        }
        setattr(report, _RESULT, result)
    return report


@pytest.fixture
def recordings(request: pytest.FixtureRequest) -> Iterator[Recordings]:
    """The recordings of this test: what it asks models is replayed, or recorded."""
    from modelwire_cache.session import Scope, Session, begin_test, end_test
    from modelwire_cache.settings import Settings

    mode, folder, repeat = _settings_of(request)
    session, names = Session(), dict[str, str]()
    test = Recordings(mode, folder, names, session)
    if "tmp_path" in request.fixturenames:
        test.replace(request.getfixturevalue("tmp_path"), "<tmp_path>")
    with _variables(mode, folder) as log:
        scope = Scope(
            Settings(mode, folder, repeat=repeat),
            session,
            names,
            f"`pytest --recordings=record-missing {_quoted(request.node.nodeid)}` records it.",
            in_test=True,
        )
        request.node.stash[_TEST] = test
        begin_test(scope)
        try:
            yield test
        finally:
            end_test()
            session.replayed.update(map(Path, log.read_text().splitlines()))
            if mode == "record" and request.node.stash.get(_PASSED, False):
                for path in _unused(request.node, test):
                    path.unlink(missing_ok=True)


def _quoted(text: str) -> str:
    from shlex import quote

    return quote(text)


def _mode_of_run(config: pytest.Config) -> Mode:
    """The mode that the command line, the environment or the ini file gives."""
    places = {
        "--recordings": config.getoption("recordings"),
        MODE_VARIABLE: os.environ.get(MODE_VARIABLE),
        "recordings in the ini file": config.getini("recordings"),
    }
    for place, text in places.items():
        if text:
            try:
                return mode_of(text)
            except ValueError as error:
                msg = f"{place} is {text!r}: {error}"
                raise pytest.UsageError(msg) from error
    return "replay"


def _settings_of(request: pytest.FixtureRequest) -> tuple[Mode, Path, bool]:
    """The mode, the folder and whether recordings are repeated, for a test."""
    item = request.node
    given = _marked(item)
    mode = mode_of(given["mode"]) if given.get("mode") else _mode_of_run(request.config)
    repeat = given.get("repeat")
    if repeat is None:
        repeat = bool(request.config.getini("recordings_repeat"))
    if given.get("folder"):
        folder = item.path.parent / given["folder"]
    else:
        folder = item.path.parent / request.config.getini("recordings_dir") / item.path.stem
        folder /= folder_of_test(item.nodeid.partition("::")[2])
    return mode, folder, repeat


def _marked(item: pytest.Item) -> Mapping[str, Any]:
    """The arguments of the nearest marker."""
    marker = item.get_closest_marker(_MARKER)
    if marker is None:
        return {}
    names = ("mode",)[: len(marker.args)]
    given = {**dict(zip(names, marker.args, strict=False)), **marker.kwargs}
    wrong = len(marker.args) > 1 or set(given) - {"mode", "folder", "repeat"}
    if wrong or given.get("mode") not in (None, *MODES):
        pytest.fail(
            f"The marker {_MARKER} is wrong: it is {_SIGNATURE}, and mode is one of "
            f"{', '.join(MODES)}.",
            pytrace=False,
        )
    return given


def _unused(item: pytest.Item, test: Recordings) -> list[Path]:
    """The recordings of a test's own folder that it did not use."""
    if test.mode == "off" or _marked(item).get("folder") or not test.folder.is_dir():
        return []
    from modelwire_cache.store import RecordingStore

    used = {path.resolve() for path in (*test.replayed, *test.recorded)}
    paths = RecordingStore(test.folder, warn=False).paths()
    return [path for path in paths if path.resolve() not in used]


@contextmanager
def _variables(mode: Mode, folder: Path) -> Iterator[Path]:
    """Let programs that a test starts record and replay as it does; yield the file of what they use."""
    handle, name = tempfile.mkstemp(prefix="modelwire-recordings-")
    os.close(handle)
    values = {MODE_VARIABLE: mode, FOLDER_VARIABLE: str(folder), USED_VARIABLE: name}
    before = {key: os.environ.get(key) for key in values}
    os.environ.update(values)
    try:
        yield Path(name)
    finally:
        for key, value in before.items():
            if value is None:
                os.environ.pop(key, None)
            else:
                os.environ[key] = value
        Path(name).unlink(missing_ok=True)
