"""`modelwire plugins`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from modelwire.cli.options import check_output, config_option, output_options
from modelwire.cli.output import echo, echo_json
from modelwire.cli.styled import Line, joined, style
from modelwire.cli.text import folded, printable

if TYPE_CHECKING:
    from modelwire.registry import PluginInfo


@click.group()
def plugins() -> None:
    """List installed plugins.

    \b
    modelwire plugins list
    """  # noqa: D301 - \b keeps click from joining the lines


@plugins.command("list")
@output_options
@config_option
def list_plugins(as_json: bool, plain: bool, config_path: Path | None) -> None:
    """List the installed plugins, and their state.

    It shows what each owns and what is wrong with it. Every plugin is imported for this, so that a
    broken one is found.

    \b
    modelwire plugins list
    """  # noqa: D301 - \b keeps click from joining the lines
    from attrs import asdict

    from modelwire.config import load_config
    from modelwire.registry import Registry

    check_output(as_json=as_json, plain=plain)
    found = Registry(load_config(config_path)).plugins(check=True)
    if as_json:
        echo_json({"plugins": [asdict(info) for info in found]}, indent=2)
    elif plain:
        for info in found:
            echo(printable(info.distribution))
    elif found:
        echo(joined("\n\n", (joined("\n", _describe(info)) for info in found)))
    else:
        echo("No plugins are installed. Try: pip install modelwire-local")


def _describe(info: PluginInfo) -> Iterator[Line]:
    from modelwire.cli.app import COMMANDS

    colour = {"loaded": "green", "installed": "green", "disabled": "yellow"}.get(info.state, "red")
    state = "ok" if info.state in ("loaded", "installed") else info.state
    name = style(printable(info.distribution), bold=True)
    yield name + f" {printable(info.version)}  " + style(state, fg=colour)
    owned = {
        "providers": info.providers,
        "aliases": info.aliases,
        "APIs": info.apis,
        "routes": info.routes,
        "auth": info.auth,
        "middleware": info.middleware,
        "commands": [
            f"{name} (not used: modelwire's own)" if name in COMMANDS else name
            for name in info.commands
        ],
    }
    for label, names in owned.items():
        if names:
            yield from folded(f"  {label}: {', '.join(names)}", indent=4)
    for reason in info.reasons:
        first, *rest = folded(reason, indent=4, before=4)
        yield "  " + style("!", fg=colour) + f" {first}"
        yield from rest
