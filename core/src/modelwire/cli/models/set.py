"""`modelwire models set`."""

from __future__ import annotations

from pathlib import Path

import click

from modelwire.cli.completion import complete_reference
from modelwire.cli.options import config_option, force_option, json_option
from modelwire.cli.output import echo, echo_json

__all__ = ["set_model"]


@click.command("set")
@click.argument("ref", metavar="REF", shell_complete=complete_reference)
@force_option
@json_option
@config_option
def set_model(ref: str, force: bool, as_json: bool, config_path: Path | None) -> None:
    """Make REF the default model.

    REF is provider/model-id, an alias, or a name that only one known model has. The fallbacks stay
    as they are. A model that is in no list is saved with a warning. A model that its provider does
    not have, or whose provider no installed plugin provides, is refused without --force.

    \b
    modelwire models set amazon-bedrock/us.amazon.nova-lite-v1:0
    modelwire models set fast
    """  # noqa: D301 - \b keeps click from joining the lines
    from modelwire.cli.errors import show_note
    from modelwire.cli.models.edit import ConfigEdit, note_written, written_json
    from modelwire.cli.text import printable
    from modelwire.config.edit import edit_config
    from modelwire.config.model_choice import overriding_agents, set_primary

    editing = ConfigEdit(config_path)
    wanted = editing.accept(ref, force=force)
    written = edit_config(lambda text: set_primary(text, str(wanted.ref)), config_path)
    overrides = overriding_agents(editing.config.document)
    if as_json:
        data = {
            "default": str(wanted.ref),
            "warning": wanted.warning,
            "overrides": overrides,
        }
        echo_json(data | written_json(written), indent=2)
        return
    echo(f"Default model: {printable(str(wanted.ref))}")
    wanted.warn()
    if overrides:
        named = ", ".join(map(printable, overrides))
        show_note(f"These agents have a model of their own and do not use it: {named}")
    note_written(written)
