"""Checks of the models that a change of the configuration names."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path as FilePath

from attrs import define, field

from modelwire.cli.config.values import ConfigCommandError
from modelwire.config import Config
from modelwire.config.load import read_config
from modelwire.config.model_choice import DEFAULT_CHOICE, overriding_agents, references_in
from modelwire.document import Path, format_path, value_at
from modelwire.errors import ConfigError

__all__ = ["ReferenceCheck", "check_new_references"]


@define
class ReferenceCheck:
    """The result of checking references to models.

    Attributes:
        count: How many new references were checked.
        notes: What the user may not expect.
    """

    count: int = 0
    notes: list[str] = field(factory=list)


def check_new_references(
    before: str, after: str, source: FilePath, *, force: bool
) -> ReferenceCheck:
    """Refuse models that cannot be used, and note what the user may not expect.

    Args:
        before: The text before the change.
        after: The text after it.
        source: The file.
        force: Accept models that cannot be used now, with a note.

    Raises:
        ConfigCommandError: The text after names a model that the text before did not, and that no installed
            plugin provides, or its plugin knows not to exist.
    """
    new = _config(after, source)
    if new is None:  # the writer reports what is wrong
        return ReferenceCheck()
    old = _config(before, source)
    known = set(references_in(old.document)) if old else set()
    added = [item for item in references_in(new.document) if item not in known and item[1].strip()]
    check = ReferenceCheck(len(added))
    if added:
        check.notes += _notes(new, added, force=force)
    if any(path in (DEFAULT_CHOICE, (*DEFAULT_CHOICE, "primary")) for path, _ in added):
        check.notes += [
            f"this agent keeps its own model: {path}" for path in overriding_agents(new.document)
        ]
    return check


def _notes(config: Config, added: Iterable[tuple[Path, str]], *, force: bool) -> list[str]:
    from modelwire.cli.model_check import check_reference, forced_hint
    from modelwire.registry import Registry

    registry = Registry(config)
    notes = []
    for path, name in added:
        checked = check_reference(config, registry, name)
        if checked.problem and not (force and checked.ref is not None):
            shown = value_at(config.authored, path)
            msg = f'Cannot set model reference "{shown}" at {format_path(path)}: {checked.problem}'
            hint = checked.hint if checked.ref is None else forced_hint(checked.hint)
            raise ConfigCommandError("model", msg, hint=hint)
        if checked.problem:
            notes.append(f"{format_path(path)}: {checked.problem}")
        elif not checked.known:
            notes.append(f"{checked.ref} is in no list of known models. {checked.hint or ''}")
    return notes


def _config(text: str, source: FilePath) -> Config | None:
    try:
        return read_config(text, source) if text.strip() else Config.empty()
    except ConfigError:
        return None
