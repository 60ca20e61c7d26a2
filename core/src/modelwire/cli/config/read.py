"""The commands that read the configuration: `get`, `validate`, `file` and `schema`."""

from __future__ import annotations

from pathlib import Path

import click

from modelwire.cli.completion import complete_config_path
from modelwire.cli.options import config_option, json_option
from modelwire.cli.output import echo, echo_answer, echo_json
from modelwire.cli.styled import joined, style

__all__ = ["file", "get", "schema", "validate"]


@click.command()
@click.argument("path", required=False, shell_complete=complete_config_path)
@json_option
@config_option
def get(path: str | None, as_json: bool, config_path: Path | None) -> None:
    """Show the value at PATH as it is written.

    Without PATH, the whole document. Secrets are shown as <hidden>, and ${VAR} stays ${VAR}. Exits
    with 1 if the file does not set the value, so that its default applies.

    \b
    modelwire config get agents.defaults.model
    modelwire config get 'models.providers.acme.models[0].id'
    """  # noqa: D301 - \b keeps click from joining the lines
    from modelwire.cli.config.values import no_such_value, read_authored, resolve, shown_value

    read = read_authored(config_path)
    text, document = read.text, read.document
    known = (text, document, read.path)
    steps = resolve(path, *known, trusted=read.trusted) if path is not None else ()
    found, value = shown_value(text, document, steps)
    if not found:
        raise no_such_value(steps)
    if as_json or not isinstance(value, str):
        echo_json(value, indent=2)
    else:
        echo_answer(value, nl=True)


@click.command()
@json_option
@config_option
def validate(as_json: bool, config_path: Path | None) -> int:
    """List the mistakes in the file.

    All of them, with their lines. Exits with 1 if the file is not valid; warnings, such as for a
    key that looks misspelt, do not count.

    \b
    modelwire config validate
    """  # noqa: D301 - \b keeps click from joining the lines
    from modelwire.cli.config.validate import validate_file
    from modelwire.cli.errors import show_note

    result = validate_file(config_path)
    if as_json:
        echo_json(result.to_json(), indent=2)
    elif result.issues:
        lead = style("Config invalid: ", fg="red", bold=True)
        places = [f"  {place}" for place in result.places()]
        echo(joined("\n", [lead + str(result.path), *places]))
    else:
        echo(style("Config valid: ", fg="green"), str(result.path))
    for warning in () if as_json else result.warnings:
        show_note(f"Warning: {warning}")
    return 1 if result.issues else 0


@click.command()
@json_option
@config_option
def file(as_json: bool, config_path: Path | None) -> None:
    """Show which file is read and written.

    Where there is none yet, it is the one that `modelwire config set` would create.

    \b
    modelwire config file
    $EDITOR "$(modelwire config file)"
    """  # noqa: D301 - \b keeps click from joining the lines
    from modelwire.cli.errors import show_note
    from modelwire.config.source import config_place

    place = config_place(config_path)
    exists = place.exists()
    if as_json:
        echo_json({"path": str(place), "exists": exists}, indent=2)
        return
    echo_answer(str(place), nl=True)
    if not exists:
        show_note("The file does not exist yet; all defaults apply.")


@click.command()
@click.option(
    "--json", "_as_json", is_flag=True, help="Accepted for consistency; output is always JSON."
)
def schema(_as_json: bool) -> None:
    """Print the JSON Schema of the configuration.

    For editors; it follows JSON Schema 2020-12.

    \b
    modelwire config schema > modelwire.schema.json

    An editor that knows JSON Schema uses it in a file that begins with
    { "$schema": "./modelwire.schema.json", ...
    """  # noqa: D301 - \b keeps click from joining the lines
    from modelwire.config.json_schema import config_schema

    echo_json(config_schema(), indent=2)
