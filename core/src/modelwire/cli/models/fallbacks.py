"""`modelwire models fallbacks`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from modelwire.cli.completion import complete_reference
from modelwire.cli.default_command import DefaultGroup
from modelwire.cli.options import (
    check_output,
    config_option,
    force_option,
    json_option,
    output_options,
)
from modelwire.cli.output import echo, echo_json

if TYPE_CHECKING:
    from modelwire.config.edit import EditResult

__all__ = ["fallbacks"]


@click.group(cls=DefaultGroup, default="list")
def fallbacks() -> None:
    """Models to try when the default model fails.

    They are tried in order. Alone, the same as `modelwire models fallbacks
    list`.

    \b
    modelwire models fallbacks add local/smollm2-135m-instruct
    modelwire models fallbacks
    """  # noqa: D301 - \b keeps click from joining the lines


@fallbacks.command("list")
@output_options
@config_option
def list_fallbacks(as_json: bool, plain: bool, config_path: Path | None) -> None:
    """List the fallbacks, in the order they are tried.

    \b
    modelwire models fallbacks list
    """  # noqa: D301 - \b keeps click from joining the lines
    from modelwire.cli.models.list_rows import resolved
    from modelwire.config import load_config
    from modelwire.registry import Registry

    check_output(as_json=as_json, plain=plain)
    config = load_config(config_path)
    registry = Registry(config)
    written = config.agents.defaults.model.fallbacks
    keys = [str(resolved(config, registry, text) or text) for text in written]
    if as_json:
        echo_json({"fallbacks": keys}, indent=2)
    elif plain:
        from modelwire.cli.text import printable

        for key in keys:
            echo(printable(key))
    else:
        _show(keys)


@fallbacks.command("add")
@click.argument("ref", metavar="REF", shell_complete=complete_reference)
@force_option
@json_option
@config_option
def add_fallback(ref: str, force: bool, as_json: bool, config_path: Path | None) -> None:
    """Add the model REF after the other fallbacks.

    \b
    modelwire models fallbacks add openai/gpt-5-mini
    """  # noqa: D301 - \b keeps click from joining the lines
    from modelwire.cli.models.edit import ConfigEdit
    from modelwire.config.edit import edit_config
    from modelwire.config.model_choice import set_fallbacks, written_fallbacks

    editing = ConfigEdit(config_path)
    wanted = editing.accept(ref, force=force)
    target = str(wanted.ref)

    def add(text: str) -> str:
        current = written_fallbacks(text)
        if any(editing.meaning(other) == target for other in current):
            return text
        return set_fallbacks(text, [*current, target])

    written = edit_config(add, config_path)
    if not as_json:
        wanted.warn()
    _tell(editing.meaning, written, as_json=as_json, warning=wanted.warning)


@fallbacks.command("remove")
@click.argument("ref", metavar="REF", shell_complete=complete_reference)
@json_option
@config_option
def remove_fallback(ref: str, as_json: bool, config_path: Path | None) -> None:
    """Remove the model REF from the fallbacks.

    \b
    modelwire models fallbacks remove local/smollm2-135m-instruct
    """  # noqa: D301 - \b keeps click from joining the lines
    from modelwire.cli.models.edit import ConfigEdit
    from modelwire.config.edit import edit_config
    from modelwire.config.model_choice import set_fallbacks, written_fallbacks
    from modelwire.errors import ConfigError

    editing = ConfigEdit(config_path)
    target = editing.meaning(ref)

    def remove(text: str) -> str:
        current = written_fallbacks(text)
        return set_fallbacks(text, [x for x in current if editing.meaning(x) != target])

    written = edit_config(remove, config_path)
    if not written.changed:
        msg = f"Fallback not found: {target}"
        raise ConfigError(msg, hint="`modelwire models fallbacks list` shows which there are.")
    _tell(editing.meaning, written, as_json=as_json)


@fallbacks.command("clear")
@json_option
@config_option
def clear_fallbacks(as_json: bool, config_path: Path | None) -> None:
    """Remove all fallbacks.

    \b
    modelwire models fallbacks clear
    """  # noqa: D301 - \b keeps click from joining the lines
    from modelwire.config.edit import edit_config
    from modelwire.config.model_choice import set_fallbacks

    written = edit_config(lambda text: set_fallbacks(text, []), config_path)
    _tell(str, written, as_json=as_json)


def _tell(
    meaning: Callable[[str], str], written: EditResult, *, as_json: bool, warning: str | None = None
) -> None:
    from modelwire.cli.models.edit import note_written, written_json
    from modelwire.config.model_choice import written_fallbacks

    keys = [meaning(text) for text in written_fallbacks(written.after)]
    if as_json:
        data = {"fallbacks": keys, "warning": warning}
        echo_json(data | written_json(written), indent=2)
        return
    _show(keys)
    note_written(written)


def _show(keys: Sequence[str]) -> None:
    from modelwire.cli.text import printable

    if not keys:
        echo("No fallbacks: if the default model fails, no other model is tried.")
        return
    echo(f"Fallbacks ({len(keys)}):")
    for key in keys:
        echo(printable(f"- {key}"))
