"""Settings of the response cache: the mode and the folder."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, cast, get_args

from attrs import frozen

from modelwire.config import Config
from modelwire.errors import ConfigError, Problem
from modelwire.files import user_path

__all__ = ["FOLDER_VARIABLE", "MODE_VARIABLE", "Mode", "Settings"]

Mode = Literal["off", "auto", "record", "replay"]

MODE_VARIABLE = "MODELWIRE_ANSWERS"
FOLDER_VARIABLE = "MODELWIRE_ANSWERS_DIR"

_ENTRIES = ("modelwire-cache", "cache")


@frozen
class Settings:
    """What the configuration and the environment say.

    Attributes:
        mode: `off` does nothing; `auto` uses a kept answer and asks where there is none; `record`
            always asks, and keeps; `replay` never asks.
        directory: The folder of the answers.
        max_age: Seconds after which an answer is no longer used, or `None`.
        paced: Replay an answer as slowly as it came.
    """

    mode: Mode
    directory: Path
    max_age: float | None = None
    paced: bool = False

    @classmethod
    def of(cls, config: Config) -> Settings:
        """Read `plugins.entries.modelwire-cache.config`; the variables win.

        Raises:
            ConfigError: A setting has a wrong value.
        """
        name, given = _entry(config)
        problems: list[Problem] = []

        def wrong(key: str, expected: str) -> None:
            problems.append(Problem(f"plugins.entries.{name}.config.{key}", f"expected {expected}"))

        mode = config.environ.get(MODE_VARIABLE, "").strip().lower()
        if mode and mode not in get_args(Mode):
            expected = f"expected one of {', '.join(get_args(Mode))}"
            problems.append(Problem(f"the variable {MODE_VARIABLE}", expected))
        mode = mode or given.get("mode", "off")
        if mode not in get_args(Mode):
            wrong("mode", f"one of {', '.join(get_args(Mode))}")
        folder = config.environ.get(FOLDER_VARIABLE) or given.get("directory")
        if folder is not None and not isinstance(folder, str):
            wrong("directory", "a path")
        age, paced = given.get("maxAge"), given.get("paced", False)
        if age is not None and (not isinstance(age, int | float) or isinstance(age, bool)):
            wrong("maxAge", "a number of seconds")
        if not isinstance(paced, bool):
            wrong("paced", "true or false")
        if problems:
            msg = "The settings of modelwire-cache are not valid."
            source = str(config.path) if config.path else None
            raise ConfigError(msg, problems=problems, source=source)
        return cls(cast("Mode", mode), _folder(folder, config), age, paced)


def _entry(config: Config) -> tuple[str, Mapping[str, Any]]:
    for name in _ENTRIES:
        if name in config.plugins.entries:
            return name, config.plugins.entries[name].config
    return _ENTRIES[0], {}


def _folder(given: str | None, config: Config) -> Path:
    """A relative path counts from the configuration file, so that a test may run anywhere."""
    if given is None:
        from platformdirs import user_cache_path

        return user_cache_path("modelwire") / "answers"
    path = user_path(given)
    named = FOLDER_VARIABLE in config.environ
    return path if named or config.path is None else config.path.parent / path
