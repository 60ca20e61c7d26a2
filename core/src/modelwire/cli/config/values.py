"""Values of the configuration file, by a path as the user typed it, with secrets hidden."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from functools import cache
from pathlib import Path as FilePath
from typing import Any

from attrs import field, frozen

from modelwire.config import Config
from modelwire.config.known_paths import look_up_path
from modelwire.config.load import read_config
from modelwire.config.locate import locate
from modelwire.config.model_choice import references_in
from modelwire.config.redaction import redact_value
from modelwire.config.shorthand import short_path
from modelwire.config.source import config_place, find_place, open_config
from modelwire.document import Path, format_path, read_value, value_at
from modelwire.errors import ConfigError, ModelwireError

__all__ = [
    "AuthoredConfig",
    "ConfigCommandError",
    "environment",
    "no_such_value",
    "read_authored",
    "resolve",
    "shown_value",
    "written_value",
]

_NOTHING = object()


class ConfigCommandError(ConfigError):
    """A command that cannot be done.

    Attributes:
        kind: Why, for programs: `unset`, `unknown-path`, `missing-path`, `conflict`, `protected`,
            `model` or `value`.
    """

    def __init__(self, kind: str, message: str, *, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.kind = kind


@frozen
class AuthoredConfig:
    """The configuration file as it is written; no variable is looked up.

    Attributes:
        path: The file.
        text: Its text; empty where there is no file.
        document: Its data; empty where there is no file.
        trusted: Whether the file is trusted.
    """

    path: FilePath
    text: str = field(default="", repr=False)
    document: Any = field(factory=dict, repr=False)
    trusted: bool = True


def read_authored(explicit: FilePath | None) -> AuthoredConfig:
    """Find the file, and read its text and its data.

    It may break the schema, so that what is wrong can be looked at.

    Raises:
        ConfigError: The file that is given does not exist, or is not JSON5.
    """
    place = find_place(explicit)
    if place is None:
        return AuthoredConfig(config_place(explicit))
    file = open_config(place)
    try:
        document = read_value(file.text, ())
    except ConfigError as error:
        error.source = str(file.path)
        raise
    return AuthoredConfig(file.path, file.text, document, file.distrust is None)


def resolve(path: str, text: str, document: Any, source: FilePath, *, trusted: bool = True) -> Path:
    """Turn a typed path into steps; unquoted ids of known models are one step.

    Raises:
        ConfigError: It is not a path.
    """
    return locate(path, document, cache(lambda: _known_models(text, source, trusted=trusted)))


def written_value(text: str, document: Any, path: Path) -> tuple[bool, Any]:
    """Whether there is a value at a path, and which."""
    value = value_at(document, short_path(text, path), _NOTHING) if text.strip() else _NOTHING
    return value is not _NOTHING, None if value is _NOTHING else value


def shown_value(text: str, document: Any, path: Path) -> tuple[bool, Any]:
    """Whether there is a value at a path, and which, with its secrets hidden."""
    # What is hidden depends on its surroundings: the id of a reference is a variable's name.
    shown = redact_value(document, (), environment(document))
    return written_value(text, shown, path) if path else (True, shown or {})


def environment(document: Any) -> Mapping[str, str]:
    """The variables that have a value: those of the process, and those of the block `env`."""
    block = value_at(document, ("env",))
    own = block if isinstance(block, Mapping) else {}
    more = own.get("vars") if isinstance(own.get("vars"), Mapping) else {}
    return {**dict.fromkeys((*own, *(more or {})), ""), **os.environ}


def no_such_value(path: Path) -> ConfigCommandError:
    """Make the error for a path at which the file says nothing."""
    name = format_path(path)
    finding = look_up_path(path)
    if finding.near and finding.verdict == "unread":
        return ConfigCommandError(
            "unknown-path", f"Unknown config path: {name}.", hint=f"Did you mean {finding.near}?"
        )
    if finding.verdict == "unread":
        hint = "`modelwire config schema` shows all paths that modelwire reads."
        return ConfigCommandError("unknown-path", f"Unknown config path: {name}.", hint=hint)
    msg = f"Config path is valid but unset: {name}. Its default applies."
    hint = f"Set it with: modelwire config set {_quoted(name)} VALUE"
    if finding.near:
        hint = f"Did you mean {finding.near}?"
    return ConfigCommandError("unset", msg, hint=hint)


def _known_models(text: str, source: FilePath, *, trusted: bool) -> Collection[str]:
    """The models that the file names, those that it describes and those in the cache."""
    from modelwire.cli.model_check import offline_catalog
    from modelwire.registry import Registry

    named = {name for _, name in references_in(read_value(text, ()))}
    try:
        config = Config.empty()
        if text.strip():
            config = read_config(text, source, trusted=trusted)
        registry = Registry(config)
        catalog = offline_catalog(config, registry)
        lists = [catalog.cached(provider) for provider in catalog.provider_ids]
    except ModelwireError:  # the configuration may be what the user is about to mend
        return named
    return named | {str(model.ref) for listing in lists for model in listing.models}


def _quoted(path: str) -> str:
    return f"'{path}'" if "[" in path else path
