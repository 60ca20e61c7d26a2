"""Edits of the configured models, and the report of what was written."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from attrs import frozen

from modelwire.cli.errors import show_note
from modelwire.cli.model_check import check_reference, forced_hint
from modelwire.cli.output import echo
from modelwire.cli.styled import style
from modelwire.cli.text import printable
from modelwire.config import Config, load_config
from modelwire.config.environment import substitute
from modelwire.config.source import config_place
from modelwire.errors import UnknownModel
from modelwire.models import ModelRef
from modelwire.registry import Registry
from modelwire.runtime.resolver import full_ref

if TYPE_CHECKING:
    from modelwire.config.edit import EditResult

__all__ = ["ConfigEdit", "ModelSpec", "note_written", "written_json"]


@frozen
class ModelSpec:
    """A model that may be written into the configuration.

    Attributes:
        ref: The model, with the provider under its own id.
        warning: An objection to it, or `None`.
    """

    ref: ModelRef
    warning: str | None = None

    def warn(self) -> None:
        """Print the objection to the model, if there is one, on standard error."""
        if self.warning:
            lead = style("Warning: ", fg="yellow", bold=True)
            echo(lead, printable(self.warning), err=True)


class ConfigEdit:
    """The configuration that is to be changed, and the plugins that know what it may name.

    Args:
        path: The file, which need not exist; by default the one that is found.
    """

    def __init__(self, path: Path | None) -> None:
        self.config = load_config(path) if config_place(path).exists() else Config.empty()
        self.registry = Registry(self.config)

    def accept(self, text: str, *, force: bool) -> ModelSpec:
        """Check the model that the user names; an alias is replaced by its model.

        Args:
            text: A reference, an alias or a bare name.
            force: Accept a model that cannot be used now, with a warning.

        Raises:
            UnknownModel: It names no model, or one that its plugin knows not to exist, or one of a
                provider that no plugin provides.
        """
        checked = check_reference(self.config, self.registry, text)
        if checked.ref is None or (checked.problem is not None and not force):
            hint = checked.hint if checked.ref is None else forced_hint(checked.hint)
            raise UnknownModel(checked.problem or f"Unknown model: {text}", hint=hint)
        if checked.problem is not None:
            return ModelSpec(checked.ref, f"{checked.problem} It is saved anyway.")
        if checked.known:
            return ModelSpec(checked.ref)
        doubt = f"No list of models has {checked.ref}; it is saved anyway."
        if not checked.listed:
            doubt = f"It is not known whether {checked.ref} exists; it is saved anyway."
        return ModelSpec(checked.ref, f"{doubt} {checked.hint}" if checked.hint else doubt)

    def meaning(self, written: str) -> str:
        """The reference that a text resolves to, as text; the given text where there is none."""
        text, _ = substitute(written, self.config.environ)
        try:
            ref = full_ref(self.registry, self.config.expand_alias(text))
        except UnknownModel:
            ref = None
        return str(ref) if ref is not None else text.strip()


def written_json(written: EditResult) -> dict[str, object]:
    """The outcome of a change, as JSON data."""
    return {
        "changed": written.changed,
        "configPath": str(written.path),
        "created": written.created,
        "backup": str(written.backup) if written.backup else None,
    }


def note_written(written: EditResult) -> None:
    """Report on standard error where a change was written, and remaining problems there."""
    if written.created:
        show_note(f"Created {written.path}.")
    if written.backup is not None:
        show_note(f"The old file is saved as {written.backup}.")
    for problem in written.remaining:
        show_note(f"{written.path}: {problem}")
