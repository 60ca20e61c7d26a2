"""The session of a program or a test: counts equal requests, and notes what was used."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from heapq import heappop, heappush
from pathlib import Path
from typing import TYPE_CHECKING

from attrs import Factory, define, evolve, field, frozen

from modelwire.files import append_text
from modelwire.forks import ForkSafeLock
from modelwire_cache.names import MODE_VARIABLE, USED_VARIABLE
from modelwire_cache.settings import NAMES, Settings

if TYPE_CHECKING:
    from modelwire.config import Config
    from modelwire.hookspecs import CompletionOptions, EmbeddingOptions

__all__ = ["Scope", "Session", "begin_session", "begin_test", "end_test", "scope_of"]


class Session:
    """The calls of a program or a test to one or several folders.

    Equal requests are numbered in the order in which they begin, so that each has its own recording.
    A number that came to nothing, as that of a failed try, is given to the next equal request.

    Only the numbers are kept for a program, which may run for weeks; the rest is for tests.

    Attributes:
        replayed: The files that were replayed.
        recorded: The files that were written.
        misses: The report of each request that had no recording, in order.
        details: Where these requests differ from recorded ones, in lines.
    """

    def __init__(self) -> None:
        self.replayed: set[Path] = set()
        self.recorded: set[Path] = set()
        self.misses: list[str] = []
        self.details: list[str] = []
        self._numbers: dict[tuple[Path, str], _Numbers] = {}
        self._lock = ForkSafeLock()

    def claim(self, directory: Path, key: str) -> int:
        """The number of a request that begins, among those equal to it; from 1."""
        with self._lock:
            numbers = self._numbers.setdefault((directory, key), _Numbers())
            if numbers.free:
                return heappop(numbers.free)
            numbers.last += 1
            return numbers.last

    def release(self, directory: Path, key: str, number: int) -> None:
        """Return a number, which the next equal request may use."""
        with self._lock:
            heappush(self._numbers[directory, key].free, number)


@define
class _Numbers:
    """The numbers of equal requests: the last that was given, and those that came to nothing."""

    last: int = 0
    free: list[int] = field(factory=list)


@frozen
class Scope:
    """The settings and the session of one call.

    Attributes:
        settings: The settings.
        session: What the call is counted in.
        names: Texts that differ from one run to the next, each with the name that takes its place in
            recordings.
        remedy: How to record what is missing.
        in_test: Whether a test of pytest has set it up.
        log: A file in which the recordings that are used are noted, or `None`.
    """

    settings: Settings
    session: Session
    names: Mapping[str, str] = Factory(dict)
    remedy: str = f"Set {MODE_VARIABLE}=record-missing once."
    in_test: bool = False
    log: Path | None = None

    def note(self, path: Path, *, recorded: bool) -> None:
        """Note that a recording was replayed or recorded, for the test that is running."""
        if self.in_test:
            (self.session.recorded if recorded else self.session.replayed).add(path)
        if self.log is not None:
            with suppress(OSError):
                append_text(self.log, f"{path.resolve()}\n")


@define
class _ProcessState:
    """The session of this process, and the scope of the running test."""

    session: Session = field(factory=Session)
    test: Scope | None = None


_current = _ProcessState()


def scope_of(config: Config, options: CompletionOptions | EmbeddingOptions) -> Scope:
    """The scope of a call: the settings of the call, of the test, or of the configuration.

    Args:
        config: The configuration.
        options: The options of the call.

    Raises:
        ConfigError: A setting in the configuration or the environment has a wrong value.
        InvalidRequest: A setting of the call has another name or a wrong value.
    """
    scope = _current.test or _of_program(config)
    given = options.plugins
    for name in NAMES:
        if name in given:
            settings = scope.settings.changed(given[name], f"options.plugins.{name}")
            return evolve(scope, settings=settings)
    return scope


def _of_program(config: Config) -> Scope:
    log = config.environ.get(USED_VARIABLE)
    return Scope(Settings.of(config), _current.session, log=Path(log) if log else None)


def begin_session() -> None:
    """Count equal requests of this process from 1 again, as a new program does."""
    _current.session = Session()


def begin_test(scope: Scope) -> None:
    """Attribute all calls of this process to a test."""
    _current.test = scope


def end_test() -> None:
    """Restore the settings of the configuration and the environment."""
    _current.test = None
