"""The root command, and how every command ends."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Callable
from importlib import import_module
from typing import Any, NoReturn

import click

from modelwire.errors import ModelwireError

__all__ = ["main"]

INTERRUPTED = 130

_COMMANDS = {
    "complete": ("modelwire.cli.complete:complete", "Ask a model, and stream its answer."),
    "doctor": ("modelwire.cli.doctor.command:doctor", "Look for what may keep models away."),
    "models": ("modelwire.cli.models.group:models", "See which models there are, and choose."),
    "plugins": ("modelwire.cli.plugins:plugins", "See which plugins are installed."),
}


class _LazyGroup(click.Group):
    """A group whose commands are imported when they are called, those of plugins included."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return [*_COMMANDS, *(name for name in _plugin_commands() if name not in _COMMANDS)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name in _COMMANDS:
            module, _, attribute = _COMMANDS[cmd_name][0].partition(":")
            command: click.Command = getattr(import_module(module), attribute)
            return command
        load = _plugin_commands().get(cmd_name)
        return load() if load is not None else None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        rows = [(name, text) for name, (_, text) in _COMMANDS.items()]
        rows += [(name, f"Commands of the plugin {name}.") for name in _plugin_commands()]
        with formatter.section("Commands"):
            formatter.write_dl(rows)


@click.group(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="modelwire")
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
@click.pass_context
def app(ctx: click.Context, debug: bool) -> None:
    """Name a model as provider/model-id, and stream from it.

    \b
    modelwire complete "What is the capital of France?"
    modelwire complete --model amazon-bedrock/us.amazon.nova-lite-v1:0 "Hello"
    modelwire models list
    """  # noqa: D301 - \b keeps click from joining the lines
    ctx.obj = {"debug": debug}


def main() -> NoReturn:
    """Run the command line and exit: 0 done, 1 failed, 2 misused, 130 interrupted."""
    sys.exit(_run())


def _run() -> int:
    debug = "--debug" in sys.argv
    for stream in (sys.stdout, sys.stderr):
        # A character that the terminal or the pipe does not know must not end the program.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        result: Any = app(standalone_mode=False)
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (KeyboardInterrupt, click.Abort):
        return INTERRUPTED
    except OSError as error:
        _drop_output()
        if not isinstance(error, BrokenPipeError):  # else whoever read it has seen enough
            if debug:
                raise
            click.echo(f"Error: {error.strerror or error}.", err=True)
        return 1
    except ModelwireError as error:
        if debug:
            raise
        from modelwire.cli.failures import show_failure

        show_failure(error)
        return 1
    return result if isinstance(result, int) else 0


def _drop_output() -> None:
    """Let Python not complain at exit about what could not be written."""
    if sys.stdout is not None:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _plugin_commands() -> dict[str, Callable[[], click.Command]]:
    """The subcommands of plugins, each with how to load it."""
    from modelwire.registry.claims import installed_claims

    claims = {claim.name: claim for claim in installed_claims() if claim.kind == "commands"}

    def loader(name: str) -> Callable[[], click.Command]:
        def load() -> click.Command:
            from modelwire.registry.loading import load_command

            return load_command(claims[name])

        return load

    return {name: loader(name) for name in sorted(claims)}
