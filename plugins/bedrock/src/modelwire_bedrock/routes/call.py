"""A planned call through another plugin's API, and how it may be changed and resent."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterable, Sequence
from contextlib import aclosing
from functools import partial
from typing import TYPE_CHECKING, Any

from attrs import evolve, field, frozen

from modelwire.authoring import CallAttempt, DerivedValues
from modelwire.errors import AuthenticationError, ModelwireError, ProviderError
from modelwire.events import Delta, Diagnostic, ResponseInfo
from modelwire_bedrock.aws.signing import transport_for
from modelwire_bedrock.converse.profiles import chosen_profile
from modelwire_bedrock.errors import ServiceFault
from modelwire_bedrock.models.inference_profiles import remember_invalid
from modelwire_bedrock.models.memory import Memory
from modelwire_bedrock.models.routes import Prefix, routes_of
from modelwire_bedrock.routes.address import base_url
from modelwire_bedrock.routes.transport import AwsFaultTransport

if TYPE_CHECKING:
    from modelwire.config import ProviderConfig
    from modelwire.hookspecs import OtherApis
    from modelwire.models import Model
    from modelwire.repair import Change
    from modelwire.transport import Deadlines, Transport
    from modelwire_bedrock.aws.clients import Clients
    from modelwire_bedrock.aws.endpoints import Target
    from modelwire_bedrock.routes.choice import RouteChoice
    from modelwire_bedrock.routes.request import RoutedRequest

__all__ = ["PREFIXES", "Relay", "RoutedCall", "known_prefix"]

PREFIXES: Memory[Prefix] = Memory()
"""The path of OpenAI's APIs by address and model, where the table's was refused."""


_addressed: DerivedValues[ProviderConfig] = DerivedValues()


def known_prefix(root: str, model_id: str, choice: RouteChoice) -> Prefix:
    """The path to use: what an earlier call found out, or the table's."""
    return PREFIXES.get((root, model_id)) or choice.prefix


class Relay:
    """Passes the deltas of another plugin on; it translates nothing."""

    ended = False

    def feed(self, events: Iterable[Delta], deltas: list[Delta], /) -> None:
        """Add the deltas."""
        deltas.extend(events)

    def end(self) -> None:
        """Do nothing: the other plugin has judged whether the answer is complete."""


@frozen
class RoutedCall:
    """A call through another plugin's API.

    Attributes:
        requested: The requested model.
        request: The input of the other plugin, except for the address.
        choice: The route.
        root: The address of the endpoint.
        prefix: The path of OpenAI's APIs at Mantle.
        target: The address and the identity of the request.
        apis: The APIs of the other plugins.
        clients: Where credentials come from.
        allow_global: Whether a global profile may be chosen.
        profile_changes: What the choice of another profile has changed.
    """

    requested: Model
    request: RoutedRequest
    choice: RouteChoice
    root: str
    prefix: Prefix
    target: Target
    apis: OtherApis = field(repr=False)
    clients: Clients = field(repr=False)
    allow_global: bool = False
    profile_changes: tuple[Change, ...] = ()

    @property
    def called(self) -> str:
        """The id that is sent."""
        return self.request.model.id

    @property
    def changes(self) -> Sequence[Change]:
        """The differences between the request and the caller's input."""
        return (*self.request.changes, *self.profile_changes)

    async def attempt(self, transport: Transport) -> CallAttempt[Any]:
        """Make the call ready; the other plugin writes the request when it is sent."""
        carrier = AwsFaultTransport(transport_for(transport, self.target, self.root))
        return CallAttempt(partial(self._send, carrier), Relay())

    async def _send(
        self, transport: Transport, deadlines: Deadlines
    ) -> AsyncGenerator[ResponseInfo | Iterable[Delta], None]:
        """Stream through the other plugin.

        What it changed in the request is held back until there is an answer: after a refusal the
        request may be sent once more, and would be reported twice.
        """
        request, held, begun = self.request, list[Delta](), False
        url = base_url(self.root, self.choice, self.prefix)
        configured = request.provider
        provider = _addressed.derive((configured,), url, lambda: evolve(configured, base_url=url))
        options = request.options
        if deadlines is not options.deadlines:
            options = evolve(options, deadlines=deadlines)
        stream = self.apis.stream(request.model, request.context, options, provider, transport)
        async with aclosing(stream):
            try:
                async for arrived in stream:
                    deltas = arrived if isinstance(arrived, list) else [arrived]
                    if not begun and all(isinstance(delta, Diagnostic) for delta in deltas):
                        held += deltas
                        continue
                    begun = True
                    if held:
                        yield held
                        held = []
                    if len(deltas) == 1 and isinstance(deltas[0], ResponseInfo):
                        yield deltas[0]
                    else:
                        yield deltas
            except ProviderError:
                raise
            except ModelwireError:
                if held:  # nothing is sent again, as in a dry run
                    yield held
                raise

    def explain(self, error: ProviderError) -> None:
        """Add a hint to an error, as far as the route allows one."""
        if isinstance(error, AuthenticationError):
            from modelwire_bedrock.aws.credentials.errors import login_hint

            # What the API's own plugin advises on an answer is about a key, which AWS need not have.
            by_api = error.status is not None and not self._is_of_aws(error)
            error.hint = (None if by_api else error.hint) or login_hint(self.target)
            return
        row = routes_of(self.requested.id)
        if row is None or error.status not in (400, 404):
            return
        served = {"runtime": row.runtime, "mantle": row.mantle}[self.choice.endpoint]
        if self.choice.api not in served:
            known = ", ".join(dict.fromkeys((*row.runtime, *row.mantle)))
            error.hint = f"{self.requested.id} is known to answer in: {known} ({row.evidence}, {row.checked})."

    async def with_fresh_credentials(self) -> RoutedCall:
        """The same with credentials that are loaded once more."""
        await self.clients.forget(self.target)
        return self

    async def with_other_prefix(self) -> RoutedCall | None:
        """The same at the other path of OpenAI's APIs, which is remembered; Mantle alone has two."""
        if self.choice.endpoint != "mantle" or "openai" not in self.choice.api:
            return None
        other: Prefix = "v1" if self.prefix == "openai/v1" else "openai/v1"
        PREFIXES.update((self.root, self.called), lambda _: other)
        return evolve(self, prefix=other)

    async def through_a_profile(self) -> RoutedCall | None:
        """The same through an inference profile, if there is one that was not called."""
        if self.choice.endpoint != "runtime":
            return None
        found = chosen_profile(
            self.requested, self.target, refused=True, allow_global=self.allow_global
        )
        if found is None or found.model_id == self.called:
            return None
        model = evolve(self.request.model, id=found.model_id)
        from modelwire.repair import Change

        note = Change("rewritten", "model", found.reason)
        return evolve(
            self,
            request=evolve(self.request, model=model),
            profile_changes=(*self.profile_changes, note),
        )

    async def through_another_profile(self) -> RoutedCall | None:
        """The same through the next likely profile, where the one that was chosen does not exist."""
        if self.called == self.requested.id or self.choice.endpoint != "runtime":
            return None
        remember_invalid(self.target.runtime, self.called)
        return await self.through_a_profile()

    def _is_of_aws(self, error: ProviderError) -> bool:
        return isinstance(error.__cause__, ServiceFault)
