"""The emulator as a program: started, announced, and stopped by a signal."""

from __future__ import annotations

import asyncio
import shlex
import signal
import ssl
from pathlib import Path

import click

from modelwire_bedrock.emulator.errors import EmulatorError
from modelwire_bedrock.emulator.received import ReceivedRequest
from modelwire_bedrock.emulator.recordings import Recorder, Recordings
from modelwire_bedrock.emulator.scenario import Scenario
from modelwire_bedrock.emulator.server import Emulator
from modelwire_bedrock.emulator.upstream import Upstream

__all__ = ["run_emulator"]


def run_emulator(
    *,
    host: str,
    port: int,
    scenario: Path | None = None,
    catalogue: Path | None = None,
    model: str | None = None,
    replay: Path | None = None,
    record: Path | None = None,
    upstream: str | None = None,
    require_auth: bool = False,
    region: str | None = None,
    certificate: Path | None = None,
    key: Path | None = None,
    quiet: bool = False,
) -> None:
    """Run until SIGINT or SIGTERM.

    Raises:
        EmulatorError: It cannot start, or a file cannot be used.
        ModelwireError: There is no such model.
    """
    source = None
    if model is not None:
        from modelwire_bedrock.emulator.local_model import LocalModel

        source = LocalModel(model)
    recorder = None if record is None else Recorder(record)
    emulator = Emulator(
        host=host,
        port=port,
        scenario=None if scenario is None else Scenario.from_file(scenario),
        catalogue=catalogue,
        model=source,
        replay=None if replay is None else Recordings.from_path(replay),
        upstream=None if upstream is None else Upstream(upstream, recorder),
        require_auth=require_auth,
        region=region,
        tls=None if certificate is None else _tls(certificate, key),
        on_end=None if quiet else _show,
    )

    async def serve() -> None:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stop.set)
        if source is not None:
            await source.resolve()
        async with emulator:
            _announce(emulator)
            await stop.wait()

    asyncio.run(serve())


def _tls(certificate: Path, key: Path | None) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        context.load_cert_chain(certificate, key)
    except (OSError, ssl.SSLError) as error:
        msg = f"The certificate {certificate} cannot be used: {error.strerror or error}."
        raise EmulatorError(msg) from error
    return context


def _announce(emulator: Emulator) -> None:
    click.echo(f"Amazon Bedrock is emulated at {emulator.url}; stop it with Ctrl-C.", err=True)
    click.echo("For the clients, in their shell:\n", err=True)
    for name, value in emulator.environ().items():
        click.echo(f"export {name}={shlex.quote(value)}")
    tokens = emulator.service.door.bearer_tokens
    if tokens:
        note = "" if emulator.url.startswith("https") else " (boto3 sends it over HTTPS only)"
        click.echo(f"\nIn place of the key pair, a bearer token does as well{note}:\n", err=True)
        click.echo(f"# export AWS_BEARER_TOKEN_BEDROCK={shlex.quote(tokens[0])}", err=True)
    click.echo(err=True)


def _show(request: ReceivedRequest) -> None:
    what = request.operation or f"{request.method} {request.path}"
    how = f"{request.status or '-'} {request.error or request.end}"
    model = f" {request.model_id}" if request.model_id else ""
    detail = f": {request.message}" if request.message else ""
    click.echo(f"{what}{model} -> {how}{detail}", err=True)
