"""`--verbose` and `--debug`, which go with every command and may stand anywhere on its line."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING

import click
from attrs import define

if TYPE_CHECKING:
    import logging

__all__ = ["Diagnostics", "accept_diagnostics", "debugging", "diagnostic_options"]

# The address under which a container's credentials stand is as good as the credentials.
_CONTAINER = re.compile(r"(?<=/credentials/)[0-9A-Fa-f-]{16,}")


@define
class Diagnostics:
    """What the user wants to see of the program's inside.

    Attributes:
        debug: Tracebacks of errors.
        verbose: Each HTTP request and response.
    """

    debug: bool = False
    verbose: bool = False


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
    ]


def accept_diagnostics(command: click.Command) -> None:
    """Let a command and those below it take the options too; one that has its own keeps it."""
    own = {name for parameter in command.params for name in parameter.opts}
    command.params += [o for o in diagnostic_options(hidden=True) if not own.intersection(o.opts)]
    if isinstance(command, click.Group):
        for below in command.commands.values():
            accept_diagnostics(below)


def debugging() -> bool:
    """Whether the user of the running command wants to see tracebacks."""
    context = click.get_current_context(silent=True)
    if context is None:
        return False
    found = context.find_root().obj
    return isinstance(found, Diagnostics) and found.debug


def _take_verbose(ctx: click.Context, _: click.Parameter, given: bool) -> None:
    asked = ctx.find_root().obj
    if given and isinstance(asked, Diagnostics) and not asked.verbose:
        asked.verbose = True
        _show_requests()


def _take_debug(ctx: click.Context, _: click.Parameter, given: bool) -> None:
    asked = ctx.find_root().obj
    if given and isinstance(asked, Diagnostics):
        asked.debug = True


def _show_requests() -> None:
    """Print what the transport tells of its requests, and what boto3 does on its own."""
    import logging

    from modelwire.config.secrets import HIDDEN
    from modelwire.transport.showing import shown_url
    from modelwire.transport.telling import LOGGER

    def add(logger: logging.Logger, level: int, keep: logging.Filter | None = None) -> None:
        handler = logging.StreamHandler(sys.stderr)
        handler.setFormatter(logging.Formatter("%(message)s"))
        if keep is not None:
            handler.addFilter(keep)
        logger.addHandler(handler)
        logger.setLevel(level)
        logger.propagate = False

    class _Finished(logging.Filter):
        """Of what urllib3 tells, the finished requests: it carries those of boto3 itself."""

        def filter(self, record: logging.LogRecord) -> bool:
            arguments = record.args
            if not isinstance(arguments, tuple) or len(arguments) != 8:
                return False
            scheme, host, port, method, path, _, status, _ = arguments
            url = shown_url(f"{scheme}://{host}:{port}{_CONTAINER.sub(HIDDEN, str(path))}")
            record.msg, record.args = "%s %s %s (by the SDK)", (method, url, status)
            return True

    add(LOGGER, logging.DEBUG)
    add(logging.getLogger("urllib3.connectionpool"), logging.DEBUG, _Finished())
    add(logging.getLogger("botocore.credentials"), logging.INFO)
