"""The test bench: a server, a runtime over the installed plugin, and the outcome."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from attrs import Factory, define

from modelwire.config import Config
from modelwire.errors import ModelwireError
from modelwire.events import Event, deltas_of
from modelwire.hookspecs import CompletionOptions, DiscoverySettings
from modelwire.messages import AssistantMessage, Context
from modelwire.registry import Claim, Registry, installed_claims
from modelwire.runtime import Runtime
from modelwire.runtime.other_apis import InstalledApis
from modelwire.runtime.prompts import Prompt
from modelwire.testing.batch_service import BatchService
from modelwire.testing.checks import fail, patience
from modelwire.testing.server import ReceivedRequest, Reply, WireServer
from modelwire.testing.subject import Subject
from modelwire.testing.wires import Wire
from modelwire.transport import Deadlines, RetryPolicy

__all__ = ["PROMPT", "Bench", "Outcome"]

T = TypeVar("T")

PROMPT = "What is the capital of France?"


@define
class Outcome:
    """The outcome of one request.

    Attributes:
        events: The events, in order.
        finished: The message, or `None` where it failed.
        error: The error, or `None`.
    """

    events: list[Event] = Factory(list)
    finished: AssistantMessage | None = None
    error: BaseException | None = None

    @property
    def message(self) -> AssistantMessage:
        """The message; the test fails where there is none."""
        __tracebackhide__ = True
        if self.finished is None:
            msg = f"an answer was expected, but it failed: {self.error!r}"
            raise AssertionError(msg) from self.error
        return self.finished


class Bench:
    """A provider, in front of a scripted server.

    Args:
        subject: The provider under test.
        folder: A folder for caches, also used as the home folder.
    """

    def __init__(self, subject: Subject, folder: Path) -> None:
        self.subject = subject
        self.secret = f"sk-conformance-{secrets.token_hex(12)}"
        self._folder = folder
        self._server: WireServer | None = None
        self._batches: BatchService | None = None
        self._configs: dict[str, Config] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._server is not None:
            self._server.__exit__(kind, error, trace)

    @property
    def wire(self) -> Wire:
        """The provider's wire."""
        if self.subject.wire is None:
            fail("this rule needs a wire")
        return self.subject.wire

    @property
    def server(self) -> WireServer:
        """The server, started when it is first needed."""
        if self._server is None:
            self._server = WireServer(self._aside).__enter__()
        return self._server

    def _aside(self, request: ReceivedRequest) -> Reply | None:
        wire = self.subject.wire
        reply = wire.aside(request) if wire is not None else None
        if reply is None and self._batches is not None:
            return self._batches.answer(request)
        return reply

    @property
    def batches(self) -> BatchService:
        """The provider's batch jobs, after `serve_batches`."""
        if self._batches is None:
            fail("this rule needs a batch service")
        return self._batches

    def serve_batches(self) -> None:
        """Let the server have batch jobs, of which there are none so far."""
        self._batches = self.wire.batch_service()

    @property
    def requests(self) -> list[ReceivedRequest]:
        """The requests that the server received."""
        return self.server.requests

    @property
    def url(self) -> str:
        """The server's address; a provider without a wire has none."""
        return self.server.url if self.subject.wire is not None else ""

    @cached_property
    def claim(self) -> Claim:
        """The entry point of the plugin."""
        claims = installed_claims()
        own = [c for c in claims if c.kind == "providers" and c.name == self.subject.provider]
        if self.subject.api is not None:
            own += [c for c in claims if c.kind == "apis" and c.name == self.subject.api]
        if not own:
            fail(
                f"no installed package has an entry point {self.subject.provider!r} in the group "
                "modelwire.providers; is yours installed, as with `pip install -e .`?"
            )
        return own[0]

    def config(self, url: str | None = None) -> Config:
        """The configuration, with the secret as the provider's key."""
        at = self.url if url is None else url
        if at not in self._configs:
            self._configs[at] = self._config(at)
        return self._configs[at]

    def _config(self, at: str) -> Config:
        environ = {"HOME": str(self._folder), **self.subject.variables(at, self.secret)}
        return Config.from_document(self.subject.document(at, self.secret), environ=environ)

    def bare_config(self) -> Config:
        """An empty configuration in an empty environment."""
        return Config.from_document({}, environ={"HOME": str(self._folder)})

    @asynccontextmanager
    async def runtime(
        self, *, url: str | None = None, tries: int = 1
    ) -> AsyncGenerator[Runtime, None]:
        """A runtime that calls the server, without retries unless they are requested."""
        runtime = Runtime.from_config(
            self.config(url),
            retries=RetryPolicy(max_attempts=tries, base=0.0, longest_wait=0.5),
            cache_directory=self._folder / "cache",
        )
        async with runtime:
            yield runtime

    def run(self, work: Callable[[], Awaitable[T]]) -> T:
        """Run asynchronous work in a loop of its own, with a time limit."""
        self.config()  # reading it is no work for the loop

        async def limited() -> T:
            async with asyncio.timeout(2 * patience()):
                return await work()

        return asyncio.run(limited())

    def ask(
        self,
        *replies: Reply,
        prompt: Prompt = PROMPT,
        url: str | None = None,
        tries: int = 1,
        **options: Any,
    ) -> Outcome:
        """Call the provider once, while the server has these replies."""
        if replies:
            self.server.script(*replies)
        self.config(url)

        async def work() -> Outcome:
            async with self.runtime(url=url, tries=tries) as runtime:
                return await self.hear(runtime, prompt, **options)

        outcome = self.run(work)
        if tries == 1 and replies and all(reply.status < _REFUSED for reply in replies):
            self.check_sent(len(replies))
        return outcome

    def check_sent(self, replies: int) -> None:
        """Fail if there were more requests than replies, since other failures follow from it."""
        more = self.server.unexpected
        if more:
            sent = self.requests[-replies - more :]
            targets = ", ".join(f"{each.method} {each.target.partition('?')[0]}" for each in sent)
            tries = "one try" if replies == 1 else f"{replies} tries"
            fail(f"the plugin sent {replies + more} requests for {tries}: {targets}")

    async def hear(self, runtime: Runtime, prompt: Prompt = PROMPT, **options: Any) -> Outcome:
        """Call the provider with a runtime, and record the outcome."""
        outcome = Outcome()
        options.setdefault("deadlines", _patient())
        stream = runtime.stream(prompt, model=self.subject.ref, **options)
        try:
            async with stream:
                async for event in stream:
                    outcome.events.append(event)
            outcome.finished = stream.message
        except ModelwireError as error:
            outcome.error = error
        return outcome

    async def deltas(self, runtime: Runtime, context: Context) -> list[object]:
        """The deltas that the plugin itself yields."""
        model = await runtime.resolve(self.subject.ref)
        await runtime.catalog.warm_up(model.provider, model.api)
        stream = runtime.registry.owner(model.provider, model.api).hooks.stream_completion(
            model=model,
            context=context,
            options=CompletionOptions(deadlines=_patient()),
            provider=runtime.registry.provider_config(model.provider),
            config=runtime.config,
            transport=runtime.transport,
            apis=InstalledApis(runtime.registry, runtime.catalog, runtime.config),
        )
        return [delta async for arrived in stream for delta in deltas_of(arrived)]

    async def discovered(self) -> Any:
        """The result of the plugin's own `discover_models`."""
        provider, api = self.subject.provider, self.subject.api
        async with self.runtime() as runtime:
            await runtime.catalog.warm_up(provider, api)
            return await runtime.registry.owner(provider, api).hooks.discover_models(
                provider=runtime.registry.provider_config(provider),
                settings=DiscoverySettings(),
                config=runtime.config,
                transport=runtime.transport,
            )

    def hooks(self, config: Config) -> tuple[Any, dict[str, Any]]:
        """The callers of the plugin's hooks, and the arguments common to all of them."""
        registry = Registry(config)
        owner = registry.owner(self.subject.provider, self.subject.api)
        provider = registry.provider_config(self.subject.provider)
        return owner.hooks, {"provider": provider, "config": config}


_REFUSED = 400
"""The lowest status after which a plugin may send a changed request."""


def _patient() -> Deadlines:
    return Deadlines(connect=patience(), first_byte=patience(), idle=patience())
