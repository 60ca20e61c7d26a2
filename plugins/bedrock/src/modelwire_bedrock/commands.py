"""The subcommand `modelwire bedrock`."""

from __future__ import annotations

from pathlib import Path

import click

__all__ = ["bedrock"]

DEFAULT_PORT = 8377

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_ANY_PATH = click.Path(exists=True, path_type=Path)


def _key_pair(_: click.Context, __: click.Parameter, given: str | None) -> tuple[str, str] | None:
    """The two parts of `ID:SECRET`; an error does not repeat them."""
    if given is None:
        return None
    key_id, colon, secret = given.partition(":")
    if not (key_id and colon and secret):
        msg = "write it as ID:SECRET."
        raise click.BadParameter(msg)
    return key_id, secret


@click.group()
def bedrock() -> None:
    """Amazon Bedrock: an emulator of the service on this machine.

    \b
    modelwire bedrock emulate
    """  # noqa: D301 - \b keeps click from joining the lines


@bedrock.command()
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=DEFAULT_PORT,
    show_default=True,
    help="0 picks a free port.",
)
@click.option(
    "--mantle-port",
    type=click.IntRange(0, 65535),
    metavar="INTEGER",
    help="The port of the second endpoint, bedrock-mantle; by default the one after --port.",
)
@click.option(
    "--host",
    default="127.0.0.1",
    metavar="ADDRESS",
    show_default=True,
    help="The address to listen on.",
)
@click.option("--scenario", type=_FILE, metavar="FILE", help="Scripted answers, as JSON5.")
@click.option("--catalogue", type=_FILE, metavar="FILE", help="The models, as JSON5.")
@click.option(
    "--model",
    metavar="REF",
    help="The model that answers: echo, synth (default; calls tools), or provider/model-id.",
)
@click.option("--replay", type=_ANY_PATH, metavar="FILE", help="Recordings to replay.")
@click.option(
    "--record",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Record what passes to --upstream.",
)
@click.option("--upstream", metavar="URL", help="Forward everything to this service.")
@click.option(
    "--mantle-upstream",
    metavar="URL",
    help="The second endpoint of --upstream; by default that of the same region of AWS.",
)
@click.option("--require-auth", is_flag=True, help="Refuse unsigned requests and unknown keys.")
@click.option(
    "--access-key",
    metavar="ID:SECRET",
    envvar="MODELWIRE_EMULATOR_ACCESS_KEY",
    callback=_key_pair,
    help="The accepted key pair; prefer $MODELWIRE_EMULATOR_ACCESS_KEY.",
)
@click.option(
    "--bearer-token",
    metavar="TOKEN",
    envvar="MODELWIRE_EMULATOR_BEARER_TOKEN",
    help="The accepted bearer token; prefer $MODELWIRE_EMULATOR_BEARER_TOKEN.",
)
@click.option(
    "--allow-host",
    "allow_hosts",
    multiple=True,
    metavar="NAME",
    help="A host name to be called by, besides localhost and --host.",
)
@click.option(
    "--allow-remote",
    is_flag=True,
    help="Let other machines use --upstream, with this machine's credentials.",
)
@click.option(
    "--skip-rule",
    "skip_rules",
    multiple=True,
    metavar="NAME",
    help="A rule that is not enforced; the line of a refused request names its rule.",
)
@click.option("--region", metavar="REGION", help="The region of requests that name none.")
@click.option(
    "--s3-url",
    metavar="URL",
    help="An S3 service for batch inference jobs; without one there are none.",
)
@click.option(
    "--certificate", type=_FILE, metavar="FILE", help="Answer HTTPS with this certificate."
)
@click.option(
    "--key", type=_FILE, metavar="FILE", help="The private key, if it is in its own file."
)
@click.option("--quiet", is_flag=True, help="Do not print a line for each request.")
def emulate(
    port: int,
    mantle_port: int | None,
    host: str,
    scenario: Path | None,
    catalogue: Path | None,
    model: str | None,
    replay: Path | None,
    record: Path | None,
    upstream: str | None,
    mantle_upstream: str | None,
    require_auth: bool,
    access_key: tuple[str, str] | None,
    bearer_token: str | None,
    allow_hosts: tuple[str, ...],
    allow_remote: bool,
    skip_rules: tuple[str, ...],
    region: str | None,
    s3_url: str | None,
    certificate: Path | None,
    key: Path | None,
    quiet: bool,
) -> None:
    """Run Amazon Bedrock on this machine, for any AWS client.

    It listens on loopback, prints the environment variables to export, and runs until Ctrl-C. With
    --upstream only the key that it prints is accepted, since requests go out with your credentials.

    \b
    modelwire bedrock emulate
    modelwire bedrock emulate --model local/smollm2-135m-instruct
    modelwire bedrock emulate --scenario scenario.json5 --require-auth
    modelwire bedrock emulate --record calls.jsonl --upstream https://bedrock-runtime.us-east-1.amazonaws.com
    """  # noqa: D301 - \b keeps click from joining the lines
    if record is not None and upstream is None:
        msg = "--record needs --upstream: the address of the service to record."
        raise click.UsageError(msg)
    if mantle_upstream is not None and upstream is None:
        msg = "--mantle-upstream needs --upstream."
        raise click.UsageError(msg)
    answering = [name for name, value in (("--replay", replay), ("--upstream", upstream)) if value]
    if len(answering) > 1 or (answering and (scenario or model)):
        msg = f"{answering[0]} answers every request; leave out the others that answer."
        raise click.UsageError(msg)

    from modelwire_bedrock.emulator.auth import Credentials
    from modelwire_bedrock.emulator.run import run_emulator

    run_emulator(
        host=host,
        port=port,
        mantle_port=mantle_port,
        scenario=scenario,
        catalogue=catalogue,
        model=model or "synth",
        replay=replay,
        record=record,
        upstream=upstream,
        mantle_upstream=mantle_upstream,
        require_auth=require_auth,
        credentials=None if access_key is None else Credentials(*access_key),
        bearer_token=bearer_token,
        allow_hosts=allow_hosts,
        allow_remote=allow_remote,
        skip_rules=skip_rules,
        region=region,
        s3_url=s3_url,
        certificate=certificate,
        key=key,
        quiet=quiet,
    )
