"""The emulator as a program: started, announced, and stopped by a signal."""

from __future__ import annotations

import asyncio
import shlex
import signal
import ssl
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from modelwire.cli import echo, on_signal, printable, style
from modelwire_bedrock.emulator.access import is_loopback
from modelwire_bedrock.emulator.auth import Credentials
from modelwire_bedrock.emulator.calls import BUILT_IN
from modelwire_bedrock.emulator.errors import EmulatorError
from modelwire_bedrock.emulator.received import ReceivedRequest
from modelwire_bedrock.emulator.recordings import Recorder, Recordings
from modelwire_bedrock.emulator.scenario import Scenario
from modelwire_bedrock.emulator.server import Emulator
from modelwire_bedrock.emulator.upstream import Upstream

if TYPE_CHECKING:
    from modelwire_bedrock.emulator.local_model import LocalModel

__all__ = ["run_emulator"]

_KEY_PAIR = frozenset({"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"})


def run_emulator(
    *,
    host: str,
    port: int,
    mantle_port: int | None = None,
    scenario: Path | None = None,
    catalogue: Path | None = None,
    model: str = "synth",
    replay: Path | None = None,
    record: Path | None = None,
    upstream: str | None = None,
    mantle_upstream: str | None = None,
    require_auth: bool = False,
    credentials: Credentials | None = None,
    bearer_token: str | None = None,
    allow_hosts: Sequence[str] = (),
    allow_remote: bool = False,
    skip_rules: Sequence[str] = (),
    region: str | None = None,
    s3_url: str | None = None,
    certificate: Path | None = None,
    key: Path | None = None,
    quiet: bool = False,
) -> None:
    """Run until SIGINT or SIGTERM. The arguments are those of `Emulator`, from the command line.

    Args:
        host: The address to listen on.
        port: The port; 0 picks a free port.
        mantle_port: The port of the second endpoint; by default the one after `port`, or a free one
            where that is 0.
        scenario: A script, as JSON5.
        catalogue: The models, as JSON5.
        model: What answers where the script does not: `echo`, `synth`, or the reference of a model.
        replay: Recordings that answer everything.
        record: Where to keep what passes to the upstream.
        upstream: The address of the service to pass everything on to.
        mantle_upstream: The address of its second endpoint, where it is none of AWS's.
        require_auth: Whether only the known credentials are admitted.
        credentials: The key pair to know in place of the usual one; it is not printed.
        bearer_token: The bearer token to know in place of the usual one; it is not printed.
        allow_hosts: Further host names that requests may be addressed to.
        allow_remote: Whether an upstream may be used at an address that other machines reach.
        skip_rules: Names of rules that are not enforced.
        region: The region of requests that do not say theirs by their signature.
        s3_url: The address of an S3 service that holds the files of batch inference jobs.
        certificate: The certificate to answer HTTPS with.
        key: The private key, if it is in its own file.
        quiet: Whether no line is printed for each request.

    Raises:
        EmulatorError: It cannot start, or a file cannot be used.
        ModelwireError: There is no such model.
    """
    source = None
    if model not in BUILT_IN:
        from modelwire_bedrock.emulator.local_model import LocalModel

        source = LocalModel(model)
    recorder = None if record is None else Recorder(record)
    emulator = Emulator(
        host=host,
        port=port,
        mantle_port=(port and port + 1) if mantle_port is None else mantle_port,
        scenario=None if scenario is None else Scenario.from_file(scenario),
        catalogue=catalogue,
        model=source or BUILT_IN[model],
        replay=None if replay is None else Recordings.from_path(replay),
        upstream=None if upstream is None else Upstream(upstream, recorder, mantle_upstream),
        require_auth=require_auth,
        credentials=None if credentials is None else [credentials],
        bearer_tokens=None if bearer_token is None else [bearer_token],
        allow_hosts=allow_hosts,
        allow_remote=allow_remote,
        skip_rules=skip_rules,
        region=region,
        s3_url=s3_url,
        tls=None if certificate is None else _tls(certificate, key),
        on_end=None if quiet else _show,
    )

    asyncio.run(
        _serve(emulator, source, pair_is_new=credentials is None, token_is_new=bearer_token is None)
    )


async def _serve(
    emulator: Emulator, source: LocalModel | None, *, pair_is_new: bool, token_is_new: bool
) -> None:
    """Answer until a signal arrives; a model of the command line is loaded first."""
    stop = asyncio.Event()
    with on_signal(signal.SIGINT, stop.set), on_signal(signal.SIGTERM, stop.set):
        if source is not None:
            await source.resolve()
        async with emulator:
            _announce(emulator, pair_is_new=pair_is_new, token_is_new=token_is_new)
            await stop.wait()


def _tls(certificate: Path, key: Path | None) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        context.load_cert_chain(certificate, key)
    except (OSError, ssl.SSLError) as error:
        msg = f"The certificate {certificate} cannot be used: {error.strerror or error}."
        raise EmulatorError(msg) from error
    return context


def _announce(emulator: Emulator, *, pair_is_new: bool, token_is_new: bool) -> None:
    """Say where it listens, and what clients need; not the credentials that it was given."""
    second = f"its second endpoint, bedrock-mantle, at {emulator.mantle_url}"
    echo(f"Amazon Bedrock is emulated at {emulator.url}, {second}; stop it with Ctrl-C.", err=True)
    if not is_loopback(emulator.host):
        lead = style("Warning: ", fg="yellow", bold=True)
        echo(lead, "other machines can call it.", err=True)
    echo("For the clients, in their shell:\n", err=True)
    for name, value in emulator.environ().items():
        if pair_is_new or name not in _KEY_PAIR:
            echo(f"export {name}={shlex.quote(value)}")
    tokens = emulator.service.authenticator.bearer_tokens
    if tokens and token_is_new:
        note = "" if emulator.url.startswith("https") else " (boto3 sends it over HTTPS only)"
        echo(f"\nIn place of the key pair, a bearer token does as well{note}:\n", err=True)
        echo(f"# export AWS_BEARER_TOKEN_BEDROCK={shlex.quote(tokens[0])}", err=True)
    echo(err=True)


def _show(request: ReceivedRequest) -> None:
    what = request.operation or f"{request.method} {request.path}"
    how = f"{request.status or '-'} {request.error or request.end}"
    model = f" {request.model_id}" if request.model_id else ""
    detail = f": {request.message}" if request.message else ""
    rule = f" (rule: {request.rule})" if request.rule else ""
    echo(printable(f"{what}{model} -> {how}{detail}{rule}"), err=True)
