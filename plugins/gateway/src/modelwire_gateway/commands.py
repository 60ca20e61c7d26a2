"""The command `modelwire serve`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from modelwire_gateway.administration.aws_token_command import token
from modelwire_gateway.administration.key_commands import keys
from modelwire_gateway.administration.migrate_command import migrate
from modelwire_gateway.administration.usage_command import usage

if TYPE_CHECKING:
    from modelwire_gateway.request_log import LogFormat

__all__ = ["serve"]


@click.group(invoke_without_command=True)
@click.option("--host", metavar="ADDRESS", help="The address to listen on.  [default: 127.0.0.1]")
@click.option("--port", type=click.IntRange(0, 65535), help="0 picks a free port.  [default: 8484]")
@click.option(
    "--allow-host",
    "allow_hosts",
    multiple=True,
    metavar="NAME",
    help="A host name to be called by, besides localhost and --host.",
)
@click.option(
    "--config",
    "config_path",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="The configuration file.",
)
@click.option(
    "--log",
    type=click.Choice(["text", "json", "none"]),
    default="text",
    show_default=True,
    help="How each request is logged to standard error.",
)
@click.option(
    "--log-content",
    is_flag=True,
    help="Log what is sent and answered, too; with --log json.",
)
@click.pass_context
def serve(
    context: click.Context,
    host: str | None,
    port: int | None,
    allow_hosts: tuple[str, ...],
    config_path: Path | None,
    log: LogFormat,
    log_content: bool,
) -> None:
    """Serve every model of the configuration to clients of OpenAI's, Anthropic's and Bedrock's APIs.

    It listens on loopback, prints a key and the variables to export, and runs until Ctrl-C.

    \b
    modelwire serve
    modelwire serve --port 9000
    """  # noqa: D301 - \b keeps click from joining the lines
    if context.invoked_subcommand is not None:
        return
    if log_content and log != "json":
        msg = "--log-content needs --log json."
        raise click.UsageError(msg)
    from modelwire_gateway.run import run_gateway

    run_gateway(
        host=host,
        port=port,
        allow_hosts=allow_hosts,
        config_path=config_path,
        log=log,
        log_content=log_content,
    )


serve.add_command(keys)
serve.add_command(migrate)
serve.add_command(token)
serve.add_command(usage)
