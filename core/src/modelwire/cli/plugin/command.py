"""`modelwire plugin`."""

from __future__ import annotations

from pathlib import Path

import click

from modelwire.cli.options import json_option
from modelwire.cli.output import echo, echo_json

__all__ = ["plugin"]


@click.group()
def plugin() -> None:
    """Create a provider plugin.

    \b
    modelwire plugin new acme
    """  # noqa: D301 - \b keeps click from joining the lines


@plugin.command()
@click.argument("name")
@click.option(
    "--dir",
    "folder",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Where to write it. By default ./modelwire-NAME.",
)
@json_option
def new(name: str, folder: Path | None, as_json: bool) -> None:
    """Write a new plugin for the provider NAME.

    It is a whole package: it installs, passes its tests and answers as it is, since a small server
    that speaks its protocol comes with it.

    \b
    modelwire plugin new acme
    modelwire plugin new acme --dir plugins/acme
    """  # noqa: D301 - \b keeps click from joining the lines
    from modelwire.cli.plugin.names import PluginNames, check_free
    from modelwire.cli.plugin.template import write_plugin
    from modelwire.registry import installed_claims

    names = PluginNames.parse(name)
    check_free(names, installed_claims())
    target = folder if folder is not None else Path(names.distribution)
    written = write_plugin(names, target)
    if as_json:
        shown = {"provider": names.provider, "directory": str(target)}
        echo_json({**shown, "files": [str(path) for path in written]}, indent=2)
        return
    echo(f"Wrote {names.distribution}: {len(written)} files in {target}\n\nTry it:")
    for line in (
        f"cd {target}",
        'python -m pip install -e ".[dev]"',
        "python -m pytest",
        f"python -m {names.module}.demo &",
        f'{names.variable}_API_KEY=demo modelwire complete --model {names.provider}/echo "Hello"',
    ):
        echo(f"  {line}")
    echo("\nThen adapt it; README.md says where.")
