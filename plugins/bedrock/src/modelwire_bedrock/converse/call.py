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
from modelwire_bedrock.aws.clients import Clients, shared_clients
from modelwire_bedrock.aws.endpoints import Target, resolve_target
from modelwire_bedrock.aws.signing import Operation, prepare, transport_for
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
from modelwire_bedrock.converse.request import ConverseRequest, build_request
from modelwire_bedrock.converse.response import AnswerTranslator, StreamedOrWhole
from modelwire_bedrock.converse.stream import Translator
from modelwire_bedrock.converse.token_limit import configured_limit
from modelwire_bedrock.errors import ServiceFault
from modelwire_bedrock.models.application_profiles import is_application_profile, shared_profiles
from modelwire_bedrock.models.families import family_of
from modelwire_bedrock.models.inference_profiles import (
    ProfileChoice,
    base_of_all,
    remember_invalid,
)
from modelwire_bedrock.settings import allows_global

if TYPE_CHECKING:
    from modelwire.config import Config, ProviderConfig
    from modelwire.hookspecs import CompletionOptions
    from modelwire.messages import Context
    from modelwire.models import Model
    from modelwire.transport import Request, Transport

__all__ = ["ConverseCall", "base_model_of", "plan_call", "plugin_settings", "target_of"]

_PROVIDER = "amazon-bedrock"
_ALIASES = ("bedrock", "aws-bedrock")
_MOST_FIELDS = 32
"""The most refused fields that are remembered of a model."""


@frozen
class ConverseCall:
    """A call of Converse or ConverseStream: what is sent where.

    Attributes:
        model: The model that was asked for.
        target: Where the request goes, and as whom.
        request: What is sent.
        operation: `converse_stream`, or `converse` where the model cannot stream this.
        headers: Further header fields.
        clients: Where boto3's clients come from.
        provider: The provider's id.
        refusal: What the service said when it refused the call, for `without_refused`.
        family: The key of the model's family.
        allow_global: Whether a global profile may be chosen.
        transport: What carries a question to the control plane; `None` where it is not asked.
    """

    model: Model
    target: Target
    request: ConverseRequest
    operation: Operation
    headers: Mapping[str, str] = field(repr=False)
    clients: Clients = field(repr=False)
    allow_global: bool = False
    provider: str = _PROVIDER
    refusal: str = field(default="", repr=False)
    family: str = ""
    transport: Transport | None = field(default=None, repr=False)

    @property
    def memory_key(self) -> Hashable:
        """What refusals are remembered for: provider, region, address and model."""
        return (self.provider, self.target.region, self.target.endpoint_url, self.model.id)

    @property
    def changes(self) -> Sequence[Change]:
        """What the request does not say as its caller said it."""
        return self.request.changes

    async def prepare(self) -> Request:
        """Write and sign the request as it is now; nothing is sent.

        Raises:
            InvalidRequest: The payload does not follow botocore's service model.
            AuthenticationError: There are no credentials, or they expired.
            ConfigError: The AWS configuration cannot be used.
        """
        client = await self.clients.get("bedrock-runtime", self.target)
        await self.clients.fresh(client)
        payload = self.request.payload
        if self.operation == "converse":
            payload = self.request.for_converse()
        return await prepare(
            client, self.operation, payload, target=self.target, headers=self.headers
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
            return CallAttempt(partial(fetch_answer, transport, request), self._rescuing(whole))
        secrets = secrets_in(request.headers, request.public_headers)
        frames = Translator(names, secrets, self.request.limit_note)
        translator = StreamedOrWhole(frames, whole)
        return CallAttempt(partial(stream_frames, transport, request), self._rescuing(translator))

    def _rescuing(self, translator: AnyTranslator[Any]) -> AnyTranslator[Any]:
        """A translator that also reads calls written as text, where the model may write such."""
        tools = self.request.payload.get("toolConfig", {}).get("tools", [])
        specs = {tool["toolSpec"]["name"]: tool["toolSpec"] for tool in tools if "toolSpec" in tool}
        if not specs or not leaks_calls(self.family):
            return translator
        return CallRescuer(translator, specs, self.request.tool_names)

    def explain(self, error: ProviderError) -> None:
        """Say in an error what to do about it, as far as the call and the message tell."""
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

        Where none is known, the region is asked for its profiles, once in this process.

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
        """A profile that the region lists, if it was not asked before."""
        from modelwire_bedrock.discovery.profile_lookup import look_up_profiles

        if self.transport is None:
            return None
        read = await look_up_profiles(self.target, self.clients, self.transport)
        return self._another_profile() if read else None

    def informed(self, error: ProviderError) -> ConverseCall:
        """The same, knowing with which error it was refused."""
        fault = error.__cause__
        said = fault.message if isinstance(fault, ServiceFault) else error.message
        return evolve(self, refusal=said)

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
        request = self.request
        for refused in REFUSED.get(self.memory_key) or ():
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


def plan_call(
    model: Model,
    context: Context,
    options: CompletionOptions,
    provider: ProviderConfig,
    config: Config,
    *,
    base_model: str | None = None,
    target: Target | None = None,
    clients: Clients | None = None,
    transport: Transport | None = None,
) -> ConverseCall:
    """Decide what to send where, without the network.

    Args:
        model: The model to ask.
        context: What it is asked to continue.
        options: How.
        provider: The provider's configuration.
        config: The whole configuration.
        base_model: The id of the model behind an inference profile, where it is known.
        target: Where to send it; by default what configuration and options say.
        clients: Where boto3's clients come from; by default those of the process.
        transport: What carries questions to the control plane, should the call be refused.

    Raises:
        ConfigError: A setting is not valid.
        InvalidMessage: A message holds what the service does not take.
        InvalidRequest: The options cannot be met.
    """
    settings = plugin_settings(provider, config)
    if target is None:
        target = target_of(model, options, provider, config)
    request = build_request(
        model,
        context,
        options,
        settings=settings,
        base_model=base_model,
        region=target.region,
        environ=target.environ,
        configured_limit=configured_limit(provider, model.id),
    )
    global_too = allows_global(provider)
    choice = chosen_profile(model, target, allow_global=global_too)
    if choice is not None:
        request = through_profile(choice, request)
    elif not global_too:
        refuse_global_only(model, target)
    family = family_of(model.id, base_model=base_model, name=model.name)
    streaming = family.streaming
    whole = streaming == "nothing" or (streaming == "text only" and "toolConfig" in request.payload)
    call = ConverseCall(
        model=model,
        target=target,
        request=request,
        operation="converse" if whole else "converse_stream",
        headers={**provider.headers, **model.headers},
        clients=clients or shared_clients(),
        provider=provider.id or _PROVIDER,
        family=family.key,
        allow_global=global_too,
        transport=transport,
    )
    return call.as_remembered()


def target_of(
    model: Model, options: CompletionOptions, provider: ProviderConfig, config: Config
) -> Target:
    """Decide where a request of a model goes, and as whom.

    Raises:
        ConfigError: A setting is not valid.
    """
    return resolve_target(
        model.id,
        model.base_url,
        provider,
        config,
        options.params,
    )


async def base_model_of(
    model: Model, target: Target, clients: Clients, transport: Transport
) -> str | None:
    """Find the model behind an application profile, whose ARN does not tell.

    AWS is asked once an hour, unless discovery has found it out.
    """
    known = model.extra.get("baseModel")
    if isinstance(known, str) or not is_application_profile(model.id):
        return known if isinstance(known, str) else None
    models = await shared_profiles().models_of(
        model.id, target=target, clients=clients, transport=transport
    )
    return base_of_all(models)


def plugin_settings(provider: ProviderConfig, config: Config) -> dict[str, Any]:
    """The plugin's own block of the configuration, and over it that of another provider id."""
    settings: dict[str, Any] = {}
    for name in (*_ALIASES, _PROVIDER, provider.id):
        entry = config.plugins.entries.get(name)
        if entry is not None:
            settings |= entry.config
    return settings
