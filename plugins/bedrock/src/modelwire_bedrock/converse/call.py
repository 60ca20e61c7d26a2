"""The call: the request of one answer, its target, and how it may be changed and resent."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from attrs import evolve, field, frozen

from modelwire.authoring import CallAttempt
from modelwire.authoring import Translator as AnyTranslator
from modelwire.errors import (
    AuthenticationError,
    ProviderError,
)
from modelwire.redaction import secrets_in
from modelwire.repair import Change
from modelwire_bedrock.aws.clients import Clients
from modelwire_bedrock.aws.endpoints import Target
from modelwire_bedrock.aws.runtime_requests import prepare_for_runtime
from modelwire_bedrock.aws.signing import Operation, transport_for
from modelwire_bedrock.converse.answer_tool import AnswerByTool
from modelwire_bedrock.converse.exchange import fetch_answer, stream_frames
from modelwire_bedrock.converse.hints import hint_for
from modelwire_bedrock.converse.leaked_calls import CallRescuer, leaks_calls
from modelwire_bedrock.converse.omissions import CACHING, RefusedField
from modelwire_bedrock.converse.profiles import (
    chosen_profile,
    refuse_global_only,
    through_profile,
)
from modelwire_bedrock.converse.refusals import REFUSED, find_refused
from modelwire_bedrock.converse.request import ConverseRequest
from modelwire_bedrock.converse.response import AnswerTranslator, StreamedOrWhole
from modelwire_bedrock.converse.stream import Translator
from modelwire_bedrock.errors import ServiceFault
from modelwire_bedrock.models.inference_profiles import (
    ProfileChoice,
    remember_invalid,
)

if TYPE_CHECKING:
    from modelwire.models import Model
    from modelwire.transport import Request, Transport

__all__ = ["ConverseCall"]

_MOST_FIELDS = 32
"""The most refused fields that are remembered of a model."""


@frozen
class ConverseCall:
    """A call of Converse or ConverseStream: what is sent where.

    Attributes:
        model: The requested model.
        target: The address and the identity of the request.
        request: The request to send.
        operation: `converse_stream`, or `converse` where the model cannot stream this.
        headers: Further header fields.
        clients: Where credentials and boto3's clients come from.
        provider: The provider's id.
        refusal: The message with which the service refused the call, for `without_refused`.
        family: The key of the model's family.
        allow_global: Whether a global profile may be chosen.
        transport: What carries a request to the control plane; `None` where none is sent.
    """

    model: Model
    target: Target
    request: ConverseRequest
    operation: Operation
    headers: Mapping[str, str] = field(repr=False)
    clients: Clients = field(repr=False)
    provider: str
    allow_global: bool = False
    refusal: str = field(default="", repr=False)
    family: str = ""
    transport: Transport | None = field(default=None, repr=False)

    @property
    def memory_key(self) -> Hashable:
        """The key of remembered refusals: provider, region, address and model."""
        return (self.provider, self.target.region, self.target.endpoint_url, self.model.id)

    @property
    def changes(self) -> Sequence[Change]:
        """The differences between the request and the caller's input."""
        return self.request.changes

    async def prepare(self) -> Request:
        """Write and sign the current request, without sending it.

        Raises:
            InvalidRequest: The payload does not follow botocore's service model.
            AuthenticationError: There are no credentials, or they expired.
            ConfigError: The AWS configuration cannot be used.
        """
        payload = self.request.payload
        if self.operation == "converse":
            payload = self.request.for_converse()
        return await prepare_for_runtime(
            self.clients, self.operation, payload, self.target, self.headers
        )

    async def attempt(self, transport: Transport) -> CallAttempt[Any]:
        """Write and sign the request; it is ready to be sent then.

        Raises:
            InvalidRequest: As `prepare` raises it, and likewise the others.
        """
        request = await self.prepare()
        transport = transport_for(transport, self.target, request.url)
        names = self.request.tool_names
        whole = AnswerTranslator(names, self.request.limit_note)
        if self.operation == "converse":
            return CallAttempt(partial(fetch_answer, transport, request), self._reading(whole))
        secrets = partial(secrets_in, request.headers, request.public_headers)
        frames = Translator(names, secrets, self.request.limit_note)
        translator = StreamedOrWhole(frames, whole)
        return CallAttempt(partial(stream_frames, transport, request), self._reading(translator))

    def _reading(self, translator: AnyTranslator[Any]) -> AnyTranslator[Any]:
        """A translator that also reads calls written as text, where the model may write such.

        Where the answer is the call of a tool, it is read as text.
        """
        if self.request.by_tool:
            return AnswerByTool(translator)
        tools = self.request.payload.get("toolConfig", {}).get("tools", [])
        specs = {tool["toolSpec"]["name"]: tool["toolSpec"] for tool in tools if "toolSpec" in tool}
        if not specs or not leaks_calls(self.family):
            return translator
        return CallRescuer(translator, specs, self.request.tool_names)

    def explain(self, error: ProviderError) -> None:
        """Add a hint to an error, as far as the call and the message allow one."""
        fault = error.__cause__
        if isinstance(fault, ServiceFault) and isinstance(error, AuthenticationError):
            from modelwire_bedrock.aws.credentials.errors import login_hint

            error.hint = error.hint or login_hint(self.target)
        hint = hint_for(
            error,
            model=self.model.id,
            called=self.request.payload["modelId"],
            region=self.target.region,
            payload=self.request.payload,
            tool_names=self.request.tool_names,
        )
        error.hint = hint or error.hint

    async def with_fresh_credentials(self) -> ConverseCall:
        """The same with credentials that are loaded once more."""
        await self.clients.forget(self.target)
        return self

    async def without_reasoning(self) -> ConverseCall | None:
        """The same without the model's earlier thinking, if the request has any."""
        changed = self.request.without_reasoning()
        return None if changed.payload == self.request.payload else evolve(self, request=changed)

    async def through_a_profile(self) -> ConverseCall | None:
        """The same through an inference profile, if there is one that was not called.

        Where none is known, the profiles of the region are listed, once in this process.

        Raises:
            InvalidRequest: Only a global profile serves the model, and that is not allowed.
        """
        choice = self._another_profile() or await self._listed_profile()
        return self._through(choice)

    def _through(self, choice: ProfileChoice | None) -> ConverseCall | None:
        if choice is not None:
            return evolve(self, request=through_profile(choice, self.request))
        if not self.allow_global:
            refuse_global_only(self.model, self.target, refused=True)
        return None

    def _another_profile(self) -> ProfileChoice | None:
        choice = chosen_profile(
            self.model, self.target, refused=True, allow_global=self.allow_global
        )
        called = self.request.payload["modelId"]
        return choice if choice is not None and choice.model_id != called else None

    async def _listed_profile(self) -> ProfileChoice | None:
        """A profile that the region lists, unless its list was read before."""
        from modelwire_bedrock.discovery.profile_lookup import look_up_profiles

        if self.transport is None:
            return None
        read = await look_up_profiles(self.target, self.clients, self.transport)
        return self._another_profile() if read else None

    def informed(self, error: ProviderError) -> ConverseCall:
        """The same, knowing with which error it was refused."""
        fault = error.__cause__
        message = fault.message if isinstance(fault, ServiceFault) else error.message
        return evolve(self, refusal=message)

    async def without_refused(self) -> ConverseCall | None:
        """The same without the fields that the refusal names, which are remembered."""
        fields = find_refused(self.refusal, self.request.payload)
        return self._without(fields, "The model refused it.")

    async def without_caching(self) -> ConverseCall | None:
        """The same without cache points, if the request has any; it is remembered."""
        return self._without([RefusedField(CACHING)], "The model refused cache points.")

    def _without(self, fields: Sequence[RefusedField], reason: str) -> ConverseCall | None:
        request, left_out = self.request, []
        for refused in fields:
            changed = request.without(refused, reason)
            if changed is not None:
                request = changed
                left_out.append(refused)
        if not left_out:
            return None
        REFUSED.update(self.memory_key, lambda known: _merged(known, left_out))
        return evolve(self, request=request)

    def as_remembered(self) -> ConverseCall:
        """The same without the fields that the model refused earlier in this process."""
        remembered = REFUSED.get(self.memory_key)
        if not remembered:
            return self
        request = self.request
        for refused in remembered:
            reason = "The model refused it in an earlier call of this process."
            request = request.without(refused, reason) or request
        return evolve(self, request=request)

    async def through_another_profile(self) -> ConverseCall | None:
        """The same through another profile, where the one that was chosen does not exist.

        That is the next likely one; where two do not exist, one that the region lists.

        Raises:
            InvalidRequest: Only a global profile serves the model, and that is not allowed.
        """
        called = self.request.payload["modelId"]
        if called == self.model.id:
            return None
        refused = remember_invalid(self.target.runtime, called)
        if sum(name.endswith(f".{self.model.id}") for name in refused) < 2:
            return await self.through_a_profile()
        listed = await self._listed_profile()
        return self._through(listed or self._another_profile())

    async def as_a_whole(self) -> ConverseCall | None:
        """The same for an answer that comes whole, unless it is that already."""
        return None if self.operation == "converse" else evolve(self, operation="converse")


def _merged(
    known: tuple[RefusedField, ...] | None, more: Sequence[RefusedField]
) -> tuple[RefusedField, ...]:
    return tuple(dict.fromkeys((*(known or ()), *more)))[-_MOST_FIELDS:]
