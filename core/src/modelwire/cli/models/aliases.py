"""`modelwire models aliases`."""

from __future__ import annotations

import re
from pathlib import Path

import click

from modelwire.cli.completion import complete_alias, complete_reference
from modelwire.cli.default_command import DefaultGroup
from modelwire.cli.options import (
    check_output,
    config_option,
    force_option,
    json_option,
    output_options,
)
from modelwire.cli.output import echo, echo_json

__all__ = ["aliases"]

_ALIAS = re.compile(r"[A-Za-z0-9_.:-]+")


@click.group(cls=DefaultGroup, default="list")
def aliases() -> None:
    """Short names for models.

    Alone, the same as `modelwire models aliases list`.

    \b
    modelwire models aliases add fast amazon-bedrock/us.amazon.nova-lite-v1:0
    modelwire complete --model fast "Hello"
    """  # noqa: D301 - \b keeps click from joining the lines


@aliases.command("list")
@output_options
@config_option
def list_aliases(as_json: bool, plain: bool, config_path: Path | None) -> None:
    """List the short names and their models.

    \b
    modelwire models aliases list
    """  # noqa: D301 - \b keeps click from joining the lines
    from modelwire.cli.text import printable
    from modelwire.config import load_config

    check_output(as_json=as_json, plain=plain)
    found = dict(sorted(load_config(config_path).aliases().items()))
    if as_json:
        echo_json({"aliases": found}, indent=2)
    elif plain:
        for alias, target in found.items():
            echo(printable(f"{alias} {target}"))
    elif found:
        echo(f"Aliases ({len(found)}):")
        for alias, target in found.items():
            echo(printable(f"- {alias} -> {target}"))
    else:
        echo("No aliases. Try: modelwire models aliases add NAME provider/model-id")


@aliases.command("add")
@click.argument("alias", metavar="NAME")
@click.argument("ref", metavar="REF", shell_complete=complete_reference)
@force_option
@json_option
@config_option
def add_alias(alias: str, ref: str, force: bool, as_json: bool, config_path: Path | None) -> None:
    """Make NAME a short name for the model REF; case is ignored.

    \b
    modelwire models aliases add fast amazon-bedrock/us.amazon.nova-lite-v1:0
    """  # noqa: D301 - \b keeps click from joining the lines
    from modelwire.cli.errors import show_note
    from modelwire.cli.models.edit import ConfigEdit, note_written, written_json
    from modelwire.cli.text import printable
    from modelwire.config import load_config
    from modelwire.config.edit import edit_config
    from modelwire.config.model_choice import set_alias
    from modelwire.errors import ConfigError

    if _ALIAS.fullmatch(alias) is None:
        msg = f'"{alias}" cannot be an alias: use letters, digits, and any of _ . : -'
        raise click.BadParameter(msg, param_hint="NAME")
    editing = ConfigEdit(config_path)
    wanted = editing.accept(ref, force=force)
    target = str(wanted.ref)
    current = editing.config.aliases()
    taken = current.get(alias.casefold())
    if taken is not None and editing.meaning(taken) != target:
        msg = f"Alias {alias} already points to {taken}."
        hint = f"Remove it first: modelwire models aliases remove {alias}"
        raise ConfigError(msg, hint=hint)

    def add(text: str) -> str:
        return set_alias(text, target, alias) if taken is None else text

    written = edit_config(add, config_path)
    gone = sorted(current.keys() - load_config(config_path).aliases().keys())
    if as_json:
        data = {"alias": alias, "model": target, "replaced": gone, "warning": wanted.warning}
        echo_json(data | written_json(written), indent=2)
        return
    unchanged = "" if written.changed else " (unchanged)"
    echo(printable(f"Alias {alias} -> {target}{unchanged}"))
    if written.changed:
        wanted.warn()
    if gone:
        show_note(f"It replaces the model's former alias {', '.join(gone)}.")
    note_written(written)


@aliases.command("remove")
@click.argument("alias", metavar="NAME", shell_complete=complete_alias)
@json_option
@config_option
def remove_alias(alias: str, as_json: bool, config_path: Path | None) -> None:
    """Remove the short name NAME. The other settings of its model stay.

    \b
    modelwire models aliases remove fast
    """  # noqa: D301 - \b keeps click from joining the lines
    from modelwire.cli.models.edit import note_written, written_json
    from modelwire.cli.text import printable
    from modelwire.config.edit import edit_config
    from modelwire.config.model_choice import unset_alias
    from modelwire.errors import ConfigError

    written = edit_config(lambda text: unset_alias(text, alias), config_path)
    if not written.changed:
        msg = f"Alias not found: {alias}"
        raise ConfigError(msg, hint="`modelwire models aliases list` shows which there are.")
    if as_json:
        echo_json({"alias": alias} | written_json(written), indent=2)
        return
    echo(printable(f"Removed the alias {alias}."))
    note_written(written)
