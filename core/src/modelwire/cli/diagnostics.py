"""Options of every command, accepted anywhere on its line: `--verbose`, `--debug`, `--trust`."""

from __future__ import annotations

import re
import sys
from copy import copy
from typing import TYPE_CHECKING

import click
from attrs import define

if TYPE_CHECKING:
    import logging

__all__ = ["Diagnostics", "diagnostic_options", "diagnostics", "with_diagnostics"]

# An address with an id under which credentials are given out is as good as the credentials.
_CREDENTIALS_ID = re.compile(r"(?<=/credentials/)[0-9A-Fa-f-]{16,}")


@define
class Diagnostics:
    """The diagnostic output that the user asked for.

    Attributes:
        debug: Tracebacks of errors.
        verbose: Each HTTP request and response.
        as_json: Failures as JSON on standard output.
        within_line: Whether a line on standard output has begun and not ended.
    """

    debug: bool = False
    verbose: bool = False
    as_json: bool = False
    within_line: bool = False


def diagnostic_options(*, hidden: bool) -> list[click.Option]:
    """The options, for one command."""
    return [
        click.Option(
            ["-v", "--verbose"],
            is_flag=True,
            hidden=hidden,
            expose_value=False,
            callback=_take_verbose,
            help="Show each HTTP request and response on standard error, without secrets.",
        ),
        click.Option(
            ["--debug"],
            is_flag=True,
            hidden=hidden,
            expose_value=False,
            callback=_take_debug,
            help="Show the traceback of an error.",
        ),
        click.Option(
            ["--trust"],
            is_flag=True,
            hidden=hidden,
            expose_value=False,
            callback=_take_trust,
            help="Trust ./modelwire.json5 for this call, even if it is not approved.",
        ),
    ]


def with_diagnostics(command: click.Command) -> click.Command:
    """A copy of a command that takes the options too, as those below it do.

    An option of the command's own keeps its meaning. The command itself stays as it is: it may
    belong to a plugin.
    """
    own = {name for parameter in command.params for name in parameter.opts}
    more = [o for o in diagnostic_options(hidden=True) if not own.intersection(o.opts)]
    extended = copy(command)
    extended.params = [*command.params, *more]
    if isinstance(extended, click.Group):
        extended.commands = {
            name: with_diagnostics(below) for name, below in extended.commands.items()
        }
    return extended


def diagnostics() -> Diagnostics:
    """The diagnostics of the running command; the defaults where no command runs."""
    context = click.get_current_context(silent=True)
    return Diagnostics() if context is None else _of(context)


def _of(context: click.Context) -> Diagnostics:
    found = context.find_root().obj
    return found if isinstance(found, Diagnostics) else Diagnostics()


def _take_verbose(ctx: click.Context, _: click.Parameter, given: bool) -> None:
    settings = _of(ctx)
    if given and not settings.verbose:
        settings.verbose = True
        _show_requests(settings)


def _take_debug(ctx: click.Context, _: click.Parameter, given: bool) -> None:
    if given:
        _of(ctx).debug = True


def _take_trust(ctx: click.Context, _: click.Parameter, given: bool) -> None:
    if given:
        from modelwire.config.verdict import assumed_trust

        before = assumed_trust.set(True)
        ctx.find_root().call_on_close(lambda: assumed_trust.reset(before))


def _show_requests(settings: Diagnostics) -> None:
    """Print what the transport logs of its requests, and those that SDKs make on their own."""
    import logging

    from modelwire.cli.output import echo, is_terminal
    from modelwire.redaction import HIDDEN, shown_url
    from modelwire.transport.log import LOGGER

    class _Printer(logging.Handler):
        """Begins a new line where an unfinished answer is on the same terminal."""

        def emit(self, record: logging.LogRecord) -> None:
            begun = settings.within_line and is_terminal(sys.stdout)
            try:
                echo("\n" * begun + record.getMessage(), err=True)
            except Exception:  # noqa: BLE001 - a failure to log must not fail its caller
                self.handleError(record)

    def add(logger: logging.Logger, level: int, keep: logging.Filter | None = None) -> None:
        handler = _Printer()
        if keep is not None:
            handler.addFilter(keep)
        logger.addHandler(handler)
        logger.setLevel(level)
        logger.propagate = False

    class _FinishedRequests(logging.Filter):
        """Of what urllib3 logs, the finished requests: SDKs send theirs through it."""

        def filter(self, record: logging.LogRecord) -> bool:
            arguments = record.args
            if not isinstance(arguments, tuple) or len(arguments) != 8:
                return False
            scheme, host, port, method, path, _, status, _ = arguments
            url = shown_url(f"{scheme}://{host}:{port}{_CREDENTIALS_ID.sub(HIDDEN, str(path))}")
            record.msg, record.args = "%s %s %s (by the SDK)", (method, url, status)
            return True

    add(LOGGER, logging.DEBUG)
    add(logging.getLogger("urllib3.connectionpool"), logging.DEBUG, _FinishedRequests())
