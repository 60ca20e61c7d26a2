"""Validation of the whole configuration file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path as FilePath
from typing import TYPE_CHECKING, Any

from attrs import frozen

from modelwire.cli.errors import issue_json
from modelwire.config import Config
from modelwire.config.alias_check import alias_warnings
from modelwire.config.load import check_untrusted, config_of
from modelwire.config.misspelt import misspelt_keys_of_text, suggestion
from modelwire.config.model_choice import references_in
from modelwire.config.source import config_place, find_place, open_config
from modelwire.document import format_path, value_at
from modelwire.errors import ConfigError, ModelwireError, PluginError, Problem

if TYPE_CHECKING:
    from modelwire.config import ProviderConfig
    from modelwire.registry import Registry

__all__ = ["Validation", "validate_file"]


@frozen
class Validation:
    """The issues and warnings of a configuration file.

    Attributes:
        path: The file.
        issues: What keeps it from being used.
        warnings: What may not be meant.
    """

    path: FilePath
    issues: tuple[Problem, ...] = ()
    warnings: tuple[str, ...] = ()

    def places(self) -> Iterator[str]:
        """Yield each issue with its file and line, e.g. `modelwire.json5:7: models.mode: ...`."""
        for issue in self.issues:
            line = f":{issue.line}" if issue.line is not None else ""
            yield f"{self.path.name}{line}: {issue}"

    def to_json(self) -> dict[str, Any]:
        """The same for programs."""
        return {
            "valid": not self.issues,
            "path": str(self.path),
            "issues": [issue_json(issue) for issue in self.issues],
            "warnings": list(self.warnings),
        }


def validate_file(explicit: FilePath | None) -> Validation:
    """Check the configuration file."""
    path = config_place(explicit)
    notes: list[str] = []
    try:
        place = find_place(explicit)
        if place is None:
            return Validation(path, (Problem("", f"Config file not found: {path}"),))
        file = open_config(place)
        if file.distrust is not None:
            problem = f"it is not trusted: {file.distrust.reason}; its variables were not read."
            notes.append(f"{problem} {file.distrust.hint}")
            if problems := check_untrusted(file.text, path):
                return Validation(path, tuple(problems), tuple(notes))
        notes += [suggestion(key, path.name) for key in misspelt_keys_of_text(file.text)]
        config = config_of(file)
    except ConfigError as error:
        return Validation(path, error.problems or (Problem("", error.message),), tuple(notes))
    return Validation(path, (), (*notes, *_warnings(config)))


def _warnings(config: Config) -> Iterator[str]:
    for item in config.missing:
        yield f"{item.message}. Settings that use it do not work until it is set."
    for path, message in alias_warnings(config):
        yield f"{format_path(path)}: {message}"
    references = list(references_in(config.document))
    delegating = [each for each in config.models.providers.values() if each.delegated_auth]
    if not references and not delegating:
        return
    from modelwire.cli.model_check import check_reference
    from modelwire.registry import Registry

    try:
        registry = Registry(config)
        yield from _unusable_auth(registry, delegating)
        missing = {item.path for item in config.missing}
        for path, name in references:
            if path in missing:
                continue
            checked = check_reference(config, registry, name)
            if checked.problem:
                shown = value_at(config.authored, path)
                yield f'{format_path(path)} is "{shown}": {checked.problem}'
    except ModelwireError as error:  # what a plugin's settings lack
        yield error.message


def _unusable_auth(registry: Registry, providers: Iterable[ProviderConfig]) -> Iterator[str]:
    for provider in providers:
        try:
            registry.auth_owner(provider)
        except ConfigError as error:
            problem = "; ".join(map(str, error.problems)) or error.message
            yield f"{problem}. {error.hint or ''}".rstrip()
        except PluginError as error:
            yield f"{provider.auth_path}: {error.message}"
