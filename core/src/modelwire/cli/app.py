"""The root command, and the exit status of every command."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, Any, NoReturn

import click

from modelwire.cli.diagnostics import Diagnostics, diagnostic_options, with_diagnostics
from modelwire.errors import ModelwireError

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

__all__ = ["main"]

INTERRUPTED = 130

_COMMANDS = {
    "chat": ("modelwire.cli.chat.command:chat", "Talk with a model."),
    "complete": ("modelwire.cli.complete:complete", "Ask a model, and stream its answer."),
    "completion": ("modelwire.cli.completion:completion", "Let your shell complete words."),
    "config": ("modelwire.cli.config.group:config", "See and change the configuration file."),
    "doctor": ("modelwire.cli.doctor.command:doctor", "Look for what may keep models away."),
    "models": ("modelwire.cli.models.group:models", "See which models there are, and choose."),
    "plugin": ("modelwire.cli.plugin.command:plugin", "Write a plugin of your own."),
    "plugins": ("modelwire.cli.plugins:plugins", "See which plugins are installed."),
    "setup": ("modelwire.cli.setup.command:setup", "Test what you have, and write it down."),
}


class _LazyGroup(click.Group):
    """A group whose commands are imported when they are called, those of plugins included."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return [*_COMMANDS, *(name for name in _plugin_commands() if name not in _COMMANDS)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name in _COMMANDS:
            module, _, attribute = _COMMANDS[cmd_name][0].partition(":")
            command: click.Command = getattr(import_module(module), attribute)
        else:
            load = _plugin_commands().get(cmd_name)
            if load is None:
                return None
            command = load()
        return with_diagnostics(command)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        if name in _COMMANDS or name.startswith("-") or ctx.resilient_parsing:
            return super().resolve_command(ctx, args)
        known = self.list_commands(ctx)
        if name in known:
            return super().resolve_command(ctx, args)
        from difflib import get_close_matches

        near = get_close_matches(name, known, n=3, cutoff=0.6)
        msg = f"No such command {name!r}."
        if near:
            msg += f" Did you mean {' or '.join(near)}?"
        raise click.UsageError(msg, ctx)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        # Unlike click's own, this imports none of the commands.
        from click.shell_completion import CompletionItem

        found = [
            CompletionItem(name, help=text)
            for name, text in _described_commands()
            if name.startswith(incomplete)
        ]
        return [*found, *click.Command.shell_complete(self, ctx, incomplete)]

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl(_described_commands())


@click.group(
    cls=_LazyGroup,
    params=diagnostic_options(hidden=False),
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(package_name="modelwire")
def app() -> None:
    """Name a model as provider/model-id, and stream from it.

    --verbose and --debug may also stand after a command.

    \b
    modelwire complete "What is the capital of France?"
    modelwire complete --model amazon-bedrock/us.amazon.nova-lite-v1:0 "Hello"
    modelwire models list
    """  # noqa: D301 - \b keeps click from joining the lines


def main(ready: Callable[[], object] = lambda: None) -> NoReturn:
    """Run the command line and exit: 0 done, 1 failed, 2 misused, 130 interrupted.

    Args:
        ready: Called once a Ctrl-C is answered as it should be.
    """
    if "_MODELWIRE_COMPLETE" in os.environ:
        from modelwire.cli.completion import answer_shell

        sys.exit(answer_shell(app))
    # For what is said outside of every command.
    with click.Context(app, color=_colour()):
        sys.exit(_run(ready))


def _run(ready: Callable[[], object]) -> int:
    asked = Diagnostics()
    for stream in (sys.stdout, sys.stderr):
        # A character that the terminal or the pipe does not know must not end the program.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        ready()
        result: Any = app(standalone_mode=False, obj=asked, color=_colour())
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
            if asked.debug:
                raise
            click.echo(f"Error: {error.strerror or error}.", err=True)
        return 1
    except ModelwireError as error:
        if asked.debug:
            raise
        from modelwire.cli.errors import print_failure, show_failure

        if asked.as_json:
            print_failure(error)
        else:
            show_failure(error)
        return 1
    return result if isinstance(result, int) else 0


def _colour() -> bool | None:
    """No colours where `NO_COLOR` is set (https://no-color.org); else click looks for a terminal."""
    return False if os.environ.get("NO_COLOR") else None


def _drop_output() -> None:
    """Let Python not complain at exit about what could not be written."""
    if sys.stdout is not None:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _described_commands() -> list[tuple[str, str]]:
    rows = [(name, text) for name, (_, text) in _COMMANDS.items()]
    return rows + [(name, f"Commands of the plugin {name}.") for name in _plugin_commands()]


def _plugin_commands() -> dict[str, Callable[[], click.Command]]:
    """The subcommands of plugins, each with how to load it."""
    from modelwire.registry.claims import installed_claims

    claims = {claim.name: claim for claim in installed_claims() if claim.kind == "commands"}

    def loader(name: str) -> Callable[[], click.Command]:
        def load() -> click.Command:
            from modelwire.registry.loader import load_command

            return load_command(claims[name])

        return load

    return {name: loader(name) for name in sorted(claims)}
