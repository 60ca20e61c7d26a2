"""The root command, and the exit status of every command."""

from __future__ import annotations

import contextlib
import errno
import io
import os
import sys
import warnings
from collections.abc import Callable, Iterator
from importlib import import_module
from typing import TYPE_CHECKING, Any, NoReturn, TextIO

import click

from modelwire.cli.diagnostics import Diagnostics, diagnostic_options, with_diagnostics
from modelwire.cli.output import echo
from modelwire.cli.terminal_guard import guarded
from modelwire.cli.text import printable
from modelwire.errors import ModelwireError
from modelwire.text import near_matches
from modelwire.warnings import ModelwireWarning

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from modelwire.registry.claims import Claim

__all__ = ["COMMANDS", "main"]

INTERRUPTED = 130

COMMANDS = {
    "batch": ("modelwire.cli.batch.command:batch", "Ask a model the rows of a file."),
    "chat": ("modelwire.cli.chat.command:chat", "Chat with a model."),
    "complete": ("modelwire.cli.complete:complete", "Ask a model, and stream its answer."),
    "completion": ("modelwire.cli.completion:completion", "Set up shell completion."),
    "config": ("modelwire.cli.config.group:config", "View and edit the configuration."),
    "doctor": ("modelwire.cli.doctor.command:doctor", "Diagnose why models are unreachable."),
    "embed": ("modelwire.cli.embed:embed", "Embed texts as vectors."),
    "logs": ("modelwire.cli.logs.command:logs", "Browse stored answers."),
    "models": ("modelwire.cli.models.group:models", "List and choose models."),
    "plugin": ("modelwire.cli.plugin.command:plugin", "Create a provider plugin."),
    "plugins": ("modelwire.cli.plugins:plugins", "List installed plugins."),
    "setup": ("modelwire.cli.setup.command:setup", "Test credentials and write the configuration."),
}
"""modelwire's own commands, each with where it is and what it does."""


class _LazyGroup(click.Group):
    """A group whose commands are imported when they are called, those of plugins included."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return [*COMMANDS, *_plugin_commands()]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name in COMMANDS:
            module, _, attribute = COMMANDS[cmd_name][0].partition(":")
            command: click.Command = getattr(import_module(module), attribute)
        else:
            claims = _plugin_commands().get(cmd_name)
            if claims is None:
                return None
            command = _load(cmd_name, claims)
        return with_diagnostics(command)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        if name in COMMANDS or name.startswith("-") or ctx.resilient_parsing:
            return super().resolve_command(ctx, args)
        known = self.list_commands(ctx)
        if name in known:
            return super().resolve_command(ctx, args)
        from modelwire.cli.command_words import suggested_command

        msg = f"No such command {name!r}.{suggested_command(args, near_matches(name, known))}"
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
@click.version_option(package_name="modelwire", prog_name="modelwire")
def app() -> None:
    """Name a model as provider/model-id, and stream from it.

    --verbose, --debug and --trust can also be given after a command.

    \b
    modelwire complete "What is the capital of France?"
    modelwire complete --model amazon-bedrock/us.amazon.nova-lite-v1:0 "Hello"
    modelwire models list
    """  # noqa: D301 - \b keeps click from joining the lines


def main(
    ready: Callable[[], object] = lambda: None, done: Callable[[], object] = lambda: None
) -> NoReturn:
    """Run the command line and exit: 0 done, 1 failed, 2 misused, 130 interrupted.

    Args:
        ready: Called once a Ctrl-C is answered as it should be.
        done: Called when the command has ended, and a Ctrl-C can only end the program.
    """
    if "_MODELWIRE_COMPLETE" in os.environ:
        from modelwire.cli.completion import answer_shell

        sys.exit(answer_shell(app))
    # For output outside of every command.
    try:
        with click.Context(app, color=_colour()), _warnings_as_notes():
            status = _run(ready)
        done()
    except KeyboardInterrupt:  # the command has ended just now
        status = INTERRUPTED
    sys.exit(status)


@contextlib.contextmanager
def _warnings_as_notes() -> Iterator[None]:
    """Show what modelwire warns of as a line on standard error, each once, whatever Python's filters."""
    seen: set[str] = set()

    def show(
        message: Warning | str,
        category: type[Warning],
        filename: str,
        lineno: int,
        file: TextIO | None = None,
        line: str | None = None,
    ) -> None:
        if not isinstance(message, ModelwireWarning):
            usual(message, category, filename, lineno, file, line)
        elif message.message not in seen:
            from modelwire.cli.errors import show_note

            seen.add(message.message)
            show_note(f"Note: {message.message}")

    with warnings.catch_warnings():
        warnings.simplefilter("always", ModelwireWarning)
        usual, warnings.showwarning = warnings.showwarning, show
        yield


def _run(ready: Callable[[], object]) -> int:
    settings = Diagnostics()
    _prepare_streams()
    try:
        ready()
        result: Any = app(standalone_mode=False, obj=settings, color=_colour())
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except click.ClickException as error:
        from modelwire.cli.errors import show_misuse

        show_misuse(error)
        return error.exit_code
    except (KeyboardInterrupt, click.Abort):
        return INTERRUPTED
    except ModelwireError as error:  # some of them are errors of the operating system, too
        from modelwire.cli.errors import print_failure, print_traceback, show_failure

        if settings.debug:
            print_traceback(error)
        elif settings.as_json:
            print_failure(error)
        else:
            show_failure(error)
        return 1
    except OSError as error:
        _drop_output()
        if not _is_closed_pipe(error):  # else its reader has closed it on purpose
            _show_os_error(error, debug=settings.debug)
        return 1
    return result if isinstance(result, int) else 0


def _colour() -> bool | None:
    """No colours where `NO_COLOR` is set (https://no-color.org); else click looks for a terminal."""
    return False if os.environ.get("NO_COLOR") else None


def _prepare_streams() -> None:
    for stream in (sys.stdout, sys.stderr):
        # A character that the terminal or the pipe does not know must not end the program.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    sys.stdout, sys.stderr = guarded(sys.stdout), guarded(sys.stderr)


def _show_os_error(error: OSError, *, debug: bool) -> None:
    if debug:
        from modelwire.cli.errors import print_traceback

        print_traceback(error)
    else:
        echo(f"Error: {error.strerror or error}.", err=True)


def _is_closed_pipe(error: OSError) -> bool:
    """Whether the reader of the output is gone; Windows reports that as an invalid argument."""
    if isinstance(error, BrokenPipeError):
        return True
    return os.name == "nt" and error.errno == errno.EINVAL and error.filename is None


def _drop_output() -> None:
    """Keep Python from complaining at exit about unwritten output."""
    if sys.stdout is not None:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _described_commands() -> list[tuple[str, str]]:
    rows = [(name, text) for name, (_, text) in COMMANDS.items()]
    for name, claims in _plugin_commands().items():
        state = "Commands of" if len(claims) == 1 else "Not usable, claimed by"
        rows.append((name, f"{state} {_packages(claims)}."))
    return rows


def _plugin_commands() -> dict[str, list[Claim]]:
    """The subcommands of plugins, each with the packages that claim it.

    The names of modelwire's own commands are left out, and names that cannot be typed.
    """
    from modelwire.registry.claims import installed_claims

    found: dict[str, dict[str, Claim]] = {}
    for claim in installed_claims():
        if claim.kind == "commands" and claim.name not in COMMANDS and claim.name.isprintable():
            found.setdefault(claim.name, {})[claim.distribution] = claim
    return {name: list(claims.values()) for name, claims in sorted(found.items())}


def _load(name: str, claims: list[Claim]) -> click.Command:
    from modelwire.errors import PluginError
    from modelwire.registry.loader import load_command

    if len(claims) > 1:
        msg = f"{_packages(claims)} both claim the command {name!r}."
        raise PluginError(msg, hint="Uninstall one of them.")
    return load_command(claims[0])


def _packages(claims: list[Claim]) -> str:

    return printable(" and ".join(sorted(claim.distribution for claim in claims)))
