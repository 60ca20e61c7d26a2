"""Checking the models that a change names, before it is written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path as FilePath
from typing import Any

from modelwire.cli.config.change import Report
from modelwire.cli.config.values import Refused
from modelwire.config import Config
from modelwire.config.load import read_config
from modelwire.config.model_choice import overriding_agents
from modelwire.document.paths import Path, format_path, value_at
from modelwire.errors import ConfigError

__all__ = ["check_new_references", "references_in"]

_DEFAULT: Path = ("agents", "defaults", "model")


def references_in(document: Any) -> Iterator[tuple[Path, str]]:
    """Find the places in a document that name a model, and what each says."""
    yield from _choice(document, _DEFAULT)
    for place in ("list", "entries"):
        agents = value_at(document, ("agents", place))
        names: Any = ()
        if isinstance(agents, Mapping):
            names = agents
        elif isinstance(agents, list):
            names = range(len(agents))
        for name in names:
            yield from _choice(document, ("agents", place, name, "model"))


def check_new_references(before: str, after: str, source: FilePath, report: Report) -> None:
    """Refuse models that cannot be used, and note what the user may not expect.

    Args:
        before: The text before the change.
        after: The text after it.
        source: The file.
        report: Takes the notes.

    Raises:
        Refused: The text after names a model that the text before did not, and that nobody provides.
    """
    new = _config(after, source)
    if new is None:  # the writer says what is wrong
        return
    old = _config(before, source)
    known = set(references_in(old.document)) if old else set()
    added = [item for item in references_in(new.document) if item not in known and item[1].strip()]
    report.refs_checked = len(added)
    if added:
        _check(new, added, report)
    if any(path in (_DEFAULT, (*_DEFAULT, "primary")) for path, _ in added):
        report.notes += [
            f"this agent keeps its own model: {path}" for path in overriding_agents(new.document)
        ]


def _check(config: Config, added: list[tuple[Path, str]], report: Report) -> None:
    from modelwire.cli.model_check import check_reference
    from modelwire.registry import Registry

    registry = Registry(config)
    for path, name in added:
        checked = check_reference(config, registry, name)
        if checked.problem:
            shown = value_at(config.authored, path)
            msg = f'Cannot set model reference "{shown}" at {format_path(path)}: {checked.problem}'
            raise Refused("model", msg, hint=checked.hint)
        if not checked.known:
            report.notes.append(
                f"{checked.ref} is in no list of known models. {checked.hint or ''}"
            )


def _choice(document: Any, path: Path) -> Iterator[tuple[Path, str]]:
    choice = value_at(document, path)
    if isinstance(choice, str):
        yield path, choice
    if isinstance(choice, Mapping):
        if isinstance(choice.get("primary"), str):
            yield (*path, "primary"), choice["primary"]
        fallbacks = choice.get("fallbacks")
        for at, name in enumerate(fallbacks if isinstance(fallbacks, list) else ()):
            if isinstance(name, str):
                yield (*path, "fallbacks", at), name


def _config(text: str, source: FilePath) -> Config | None:
    try:
        return read_config(text, source) if text.strip() else Config.empty()
    except ConfigError:
        return None
