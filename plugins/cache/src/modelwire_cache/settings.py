"""Settings of recordings: the mode, the folder, and what a test or a call changes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from attrs import evolve, frozen

from modelwire.config import Config
from modelwire.errors import ConfigError, InvalidRequest, Problem
from modelwire.files import user_path
from modelwire_cache.names import FOLDER_VARIABLE, MODE_VARIABLE, MODES, Mode, expected_mode

__all__ = ["NAMES", "Settings"]

NAMES = ("recordings", "modelwire-cache")
"""Names of this plugin in `plugins.entries` and in the option `plugins` of a call."""

_OLD_VARIABLES = {"MODELWIRE_ANSWERS": MODE_VARIABLE, "MODELWIRE_ANSWERS_DIR": FOLDER_VARIABLE}


@frozen
class Settings:
    """The settings of recording and replay.

    Attributes:
        mode: `off` does nothing; `replay` never calls a model; `record-missing` replays a
            recording, and records where there is none; `record` always calls the model, and
            records.
        folder: The folder of the recordings as it is named; `None` is one in the user's cache.
        base: The folder that a relative one is in.
        max_age: Seconds after which a recording is no longer used, or `None`.
        paced: Replay an answer as slowly as it came.
        repeat: Give the last of several equal requests' recordings again where there is no further
            one.
    """

    mode: Mode
    folder: str | Path | None = None
    base: Path = Path()
    max_age: float | None = None
    paced: bool = False
    repeat: bool = False

    @cached_property
    def directory(self) -> Path:
        """The folder of the recordings, which only needs to be found where there are any to use."""
        if self.folder is None:
            from platformdirs import user_cache_path

            return user_cache_path("modelwire") / "recordings"
        return self.base / user_path(self.folder)

    @classmethod
    def of(cls, config: Config) -> Settings:
        """Read `plugins.entries.recordings.config`; the variables win.

        Raises:
            ConfigError: A setting has a wrong value.
        """
        name = next((name for name in NAMES if name in config.plugins.entries), NAMES[0])
        entry = config.plugins.entries.get(name)
        given = dict(entry.config) if entry is not None else {}
        environ = config.environ
        problems = [
            Problem(f"the variable {old}", f"it is called {new} now")
            for old, new in _OLD_VARIABLES.items()
            if old in environ
        ]
        mode = environ.get(MODE_VARIABLE, "").strip().lower()
        if mode:
            given.pop("mode", None)
            if mode not in MODES:
                problems.append(Problem(f"the variable {MODE_VARIABLE}", expected_mode(mode)))
        values = _read(given, f"plugins.entries.{name}.config", problems)
        if problems:
            msg = "The settings of recordings are not valid."
            source = str(config.path) if config.path else None
            raise ConfigError(msg, problems=problems, source=source)
        if mode:
            values["mode"] = mode
        if named := environ.get(FOLDER_VARIABLE):
            values["folder"] = named
        elif config.path is not None:
            # So that a test may run anywhere.
            values["base"] = config.path.parent
        return cls(**{"mode": "off", **values})

    def changed(self, given: Mapping[str, Any], place: str) -> Settings:
        """These settings with those of a call in their place.

        Args:
            given: Settings, under the keys that they have in the configuration.
            place: Where they are given, for errors.

        Raises:
            InvalidRequest: One has another name or a wrong value.
        """
        problems: list[Problem] = []
        values = _read(given, place, problems)
        if problems:
            raise InvalidRequest(f"{problems[0].path}: {problems[0].message}.", retryable=False)
        if "folder" in values:
            values["base"] = Path()
        return evolve(self, **values)


def _is_duration(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


_KEYS: Mapping[str, tuple[str, Callable[[Any], bool], str]] = {
    "mode": ("mode", lambda value: value in MODES, ""),
    "directory": ("folder", lambda value: isinstance(value, str) and bool(value), "a path"),
    "maxAge": ("max_age", _is_duration, "a number of seconds"),
    "paced": ("paced", lambda value: isinstance(value, bool), "true or false"),
    "repeat": ("repeat", lambda value: isinstance(value, bool), "true or false"),
}


def _read(given: Mapping[str, Any], place: str, problems: list[Problem]) -> dict[str, Any]:
    values = {}
    for key, value in given.items():
        if key not in _KEYS:
            known = ", ".join(_KEYS)
            problems.append(Problem(f"{place}.{key}", f"there is no such setting, only {known}"))
            continue
        name, fits, due = _KEYS[key]
        if value is not None and not fits(value):
            text = f"expected {due}" if due else expected_mode(value)
            problems.append(Problem(f"{place}.{key}", text))
        elif value is not None:
            values[name] = value
    return values
