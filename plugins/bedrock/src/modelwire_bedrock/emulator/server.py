"""The emulator's HTTP server, in the running event loop or in a thread of its own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from modelwire_bedrock.emulator.access import HostPolicy, is_loopback
from modelwire_bedrock.emulator.answers import Answer, Block
from modelwire_bedrock.emulator.auth import Credentials
from modelwire_bedrock.emulator.calls import BUILT_IN, BuiltIn
from modelwire_bedrock.emulator.catalogue import Catalogue, load_catalogue
from modelwire_bedrock.emulator.errors import EmulatorError
from modelwire_bedrock.emulator.faults import Fault
from modelwire_bedrock.emulator.handler import Handler
from modelwire_bedrock.emulator.inference_jobs import EmulatedJobs
from modelwire_bedrock.emulator.known_keys import BEARER_TOKEN, CREDENTIALS, authenticator
from modelwire_bedrock.emulator.listener import Listener
from modelwire_bedrock.emulator.received import ReceivedRequest
from modelwire_bedrock.emulator.recordings import Recordings
from modelwire_bedrock.emulator.rules import known_rules
from modelwire_bedrock.emulator.scenario import Match, Scenario, Step
from modelwire_bedrock.emulator.service import AnswerSource, Service
from modelwire_bedrock.emulator.upstream import Upstream

if TYPE_CHECKING:
    import ssl
    from datetime import datetime

__all__ = ["BEARER_TOKEN", "CREDENTIALS", "Emulator"]


class Emulator:
    """Amazon Bedrock on this machine.

    In a thread of its own, for programs and tests that block:

        with Emulator() as emulator:
            client = boto3.client("bedrock-runtime", **emulator.client_options())

    In the event loop that runs: `async with Emulator() as emulator`.

    Args:
        host: The address to listen on.
        port: The port of the runtime endpoint and the control plane; 0 picks a free port.
        mantle_port: The port of the second endpoint, `bedrock-mantle`; 0 picks a free port.
        scenario: What to answer; steps can be added at any time.
        catalogue: The models: a `Catalogue`, a file, or plain data.
        model: What answers where the scenario does not. `synth` calls tools with arguments that
            fit their schemas; `echo` repeats the prompt, and calls only tools that it has to; both
            answer with JSON that fits where a schema is requested. Or an object that answers.
        replay: Recordings that answer everything.
        upstream: Where to pass everything on to, in place of answering. Requests are sent on with
            the credentials of this process, so only the known credentials are admitted.
        require_auth: Whether only the known credentials are admitted.
        credentials: The key pairs that are known; by default `CREDENTIALS`, and with an upstream a
            new one that cannot be guessed.
        bearer_tokens: The bearer tokens that are known; by default `BEARER_TOKEN`, and with an
            upstream a new one that cannot be guessed.
        allow_hosts: Host names that requests may be addressed to, besides those of loopback and
            `host`.
        allow_remote: Whether an upstream may be used at an address that other machines reach.
        region: The region of requests that do not say theirs by their signature.
        tls: The certificate to answer HTTPS with, or `None` for plain HTTP. boto3 sends bearer
            tokens over HTTPS only.
        skip_rules: Names of rules that are not enforced.
        s3_url: The address of an S3 service that holds the files of batch inference jobs. Without
            one, jobs are refused.
        job_seconds: How long each job runs before its records are answered.
        clock: Says what time it is, for signatures.
        on_end: Called when a request has ended, from the event loop.

    Raises:
        EmulatorError: With an upstream, `host` is not on loopback and `allow_remote` is not set;
            or there is no such rule or built-in model.
    """

    def __init__(
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        mantle_port: int = 0,
        scenario: Scenario | None = None,
        catalogue: Catalogue | Path | Mapping[str, Any] | None = None,
        model: AnswerSource | BuiltIn = "synth",
        replay: Recordings | None = None,
        upstream: Upstream | None = None,
        require_auth: bool = False,
        credentials: Iterable[Credentials] | None = None,
        bearer_tokens: Iterable[str] | None = None,
        allow_hosts: Iterable[str] = (),
        allow_remote: bool = False,
        region: str | None = None,
        tls: ssl.SSLContext | None = None,
        skip_rules: Iterable[str] = (),
        s3_url: str | None = None,
        job_seconds: float = 0.0,
        clock: Callable[[], datetime] | None = None,
        on_end: Callable[[ReceivedRequest], None] | None = None,
    ) -> None:
        if upstream is not None and not (allow_remote or is_loopback(host)):
            raise _too_open(host)
        if isinstance(model, str) and model not in BUILT_IN:
            msg = f"model is {model!r}; it is 'echo', 'synth', or an object that answers."
            raise EmulatorError(msg)
        hosts = HostPolicy(host, frozenset(name.lower() for name in allow_hosts))
        self.scenario = scenario or Scenario()
        known = catalogue if isinstance(catalogue, Catalogue) else load_catalogue(catalogue)
        self.service = Service(
            authenticator=authenticator(
                credentials, bearer_tokens, clock, required=require_auth, guarded=upstream
            ),
            catalogue=known,
            scenario=self.scenario,
            model=model,
            recordings=replay,
            region=region,
            skipped=known_rules(skip_rules),
            jobs=EmulatedJobs(s3_url, job_seconds),
        )
        self._upstream = upstream
        self._handler = Handler(self.service, hosts, upstream, on_end)
        handle, handle_mantle = self._handler.handle, self._handler.handle_mantle
        self._runtime = Listener(host, port, tls, handle)
        self._mantle = Listener(host, mantle_port, tls, handle_mantle, "--mantle-port")
        self._listeners = (self._runtime, self._mantle)
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    @property
    def host(self) -> str:
        """The address that it listens on."""
        return self._runtime.host

    @property
    def port(self) -> int:
        """The port of the runtime endpoint and the control plane."""
        return self._runtime.port

    @property
    def url(self) -> str:
        """The address of the runtime endpoint and the control plane, without a slash at the end."""
        return self._runtime.url

    @property
    def mantle_url(self) -> str:
        """The address of the second endpoint, `bedrock-mantle`, without a slash at the end."""
        return self._mantle.url

    @property
    def requests(self) -> list[ReceivedRequest]:
        """The last requests that came in, oldest first."""
        return list(self._handler.received)

    def environ(self, *, bearer: bool = False) -> dict[str, str]:
        """The environment variables that make clients use it, credentials included.

        Besides those of AWS they are those of the `openai` and `anthropic` SDKs.
        """
        variables = {
            "AWS_ENDPOINT_URL_BEDROCK": self.url,
            "AWS_ENDPOINT_URL_BEDROCK_RUNTIME": self.url,
            "AWS_ENDPOINT_URL_BEDROCK_MANTLE": self.mantle_url,
            "AWS_BEDROCK_BASE_URL": f"{self.mantle_url}/openai/v1",
            "ANTHROPIC_BEDROCK_BASE_URL": self.url,
            "ANTHROPIC_BEDROCK_MANTLE_BASE_URL": f"{self.mantle_url}/anthropic",
            "AWS_REGION": self.service.region or "us-east-1",
            "AWS_DEFAULT_REGION": self.service.region or "us-east-1",
        }
        tokens, pairs = (
            self.service.authenticator.bearer_tokens,
            self.service.authenticator.credentials,
        )
        if bearer and tokens:
            return {**variables, "AWS_BEARER_TOKEN_BEDROCK": tokens[0]}
        if pairs:
            variables["AWS_ACCESS_KEY_ID"] = pairs[0].access_key_id
            variables["AWS_SECRET_ACCESS_KEY"] = pairs[0].secret_access_key
            if pairs[0].session_token:
                variables["AWS_SESSION_TOKEN"] = pairs[0].session_token
        return variables

    def client_options(self) -> dict[str, Any]:
        """Arguments of `boto3.client` that make it use the emulator."""
        options = {"endpoint_url": self.url, "region_name": self.service.region or "us-east-1"}
        if not self.service.authenticator.credentials:
            return options
        pair = self.service.authenticator.credentials[0]
        return {
            **options,
            "aws_access_key_id": pair.access_key_id,
            "aws_secret_access_key": pair.secret_access_key,
            "aws_session_token": pair.session_token,
        }

    def answer(
        self,
        content: Answer | str | Block | Iterable[Block] | None = None,
        *,
        fault: Fault | None = None,
        when: Match | None = None,
        times: int | None = 1,
    ) -> Step:
        """Say what the next request is answered with, or what goes wrong with it.

        Steps are used in their order, each for `times` requests that it matches; `None` is any
        number of them.
        """
        return self.scenario.add(content, fault=fault, when=when, times=times)

    def reset(self) -> None:
        """Forget the scenario's steps and the requests."""
        self.scenario.clear()
        self._handler.received.clear()

    async def start(self) -> None:
        """Start in the event loop that runs.

        Raises:
            EmulatorError: A port is taken, or the address cannot be listened on.
        """
        self._handler.stopping = False
        try:
            for listener in self._listeners:
                await listener.start()
        except BaseException:
            await self._close()
            raise

    async def stop(self) -> None:
        """Stop; open streams are cut."""
        self._handler.stopping = True
        await self._close()
        await self.service.jobs.aclose()
        for source in (self.service.model, self._upstream):
            close = getattr(source, "aclose", None)
            if close is not None:
                await close()

    async def _close(self) -> None:
        for listener in self._listeners:
            await listener.stop()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.stop()

    def __enter__(self) -> Self:
        started: threading.Event = threading.Event()
        failures: list[BaseException] = []
        self._thread = threading.Thread(
            target=self._run, args=(started, failures), name="bedrock-emulator", daemon=True
        )
        self._thread.start()
        started.wait()
        if failures:
            self._thread.join()
            raise failures[0]
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        loop, thread = self._loop, self._thread
        if loop is not None and thread is not None:
            asyncio.run_coroutine_threadsafe(self.stop(), loop).result()
            loop.call_soon_threadsafe(loop.stop)
            thread.join()

    def _run(self, started: threading.Event, failures: list[BaseException]) -> None:
        loop = asyncio.new_event_loop()
        try:
            loop.run_until_complete(self.start())
            self._loop = loop
            started.set()
            loop.run_forever()
            loop.run_until_complete(loop.shutdown_asyncgens())
        except BaseException as error:  # noqa: BLE001 - handed to the thread that waits for it
            failures.append(error)
        finally:
            loop.close()
            started.set()


def _too_open(host: str) -> EmulatorError:
    msg = (
        f"Other machines reach {host}, and could use the upstream with this machine's credentials."
    )
    hint = "Listen on 127.0.0.1, or allow it with --allow-remote."
    return EmulatorError(msg, hint=hint)
