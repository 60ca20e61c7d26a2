"""The call: the request of one answer, its target, and how it may be changed and resent."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from attrs import define, evolve, field

from modelwire.errors import AuthenticationError, NotFound, ProviderError
from modelwire.events import Diagnostic
from modelwire.repair import Change
from modelwire_bedrock.aws.clients import Clients, shared_clients
from modelwire_bedrock.aws.endpoints import Target, resolve_target
from modelwire_bedrock.aws.signing import Operation, prepare
from modelwire_bedrock.converse.request import ConverseRequest, build_request
from modelwire_bedrock.error_rules import Symptom
from modelwire_bedrock.errors import ServiceFault
from modelwire_bedrock.models.application_profiles import is_application_profile, shared_profiles
from modelwire_bedrock.models.families import family_of
from modelwire_bedrock.models.inference_profiles import (
    ProfileChoice,
    base_of_all,
    inventory_of,
    profile_for,
)

if TYPE_CHECKING:
    from modelwire.config import Config, ProviderConfig
    from modelwire.hookspecs import CompletionOptions
    from modelwire.messages import Context
    from modelwire.models import Model
    from modelwire.transport import Deadlines, Request, Transport

__all__ = ["ConverseCall", "base_model_of", "plan_call", "target_of"]

_PROVIDER = "amazon-bedrock"
_ALIASES = ("bedrock", "aws-bedrock")


@define
class ConverseCall:
    """An answer that is asked for: what is sent where, and what has been tried.

    Attributes:
        model: The model's id.
        provider: The provider's id.
        target: Where the request goes, and as whom.
        request: What is sent.
        operation: `converse_stream`, or `converse` where the model cannot stream this.
        headers: Further header fields.
        deadlines: How long to wait for what, over all tries.
        clients: Where boto3's clients come from.
    """

    model: str
    provider: str
    target: Target
    request: ConverseRequest
    operation: Operation
    headers: Mapping[str, str] = field(repr=False)
    deadlines: Deadlines
    clients: Clients = field(repr=False)
    _began: float = field(factory=time.monotonic, init=False)
    _told: int = field(default=0, init=False)
    _tried: set[str] = field(factory=set, init=False)

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

    def changes(self) -> Iterator[Diagnostic]:
        """What is not sent as it was said and was not reported yet."""
        changes = self.request.changes
        for change in changes[self._told :]:
            yield change.diagnostic()
        self._told = len(changes)

    def remaining(self) -> Deadlines:
        """The deadlines of a try that begins now."""
        total = self.deadlines.total
        if total is None:
            return self.deadlines
        return evolve(self.deadlines, total=max(0.0, total - (time.monotonic() - self._began)))

    async def remedy(self, error: ProviderError) -> Diagnostic | None:
        """Change the call so that it may succeed where it failed with `error`.

        Each remedy is tried once. Throttling and the like are not for this: the caller retries.

        Returns:
            What was changed, or `None` where the error stands.
        """
        fault = error.__cause__
        if not isinstance(fault, ServiceFault):
            return None
        if fault.is_expired_token:
            if not self._first("credentials"):
                return None
            await self.clients.forget(self.target)
            return _retried("credentials", "AWS said that they expired, so they were loaded anew.")
        change = _REMEDIES.get(fault.symptom) if fault.symptom else None
        if change is None or not self._first(change.__name__):
            return None
        return change(self)

    def explain(self, error: ProviderError) -> None:
        """Say in an error whom it concerns, and what to run where credentials expired."""
        error.provider = error.provider or self.provider
        error.model = error.model or self.model
        fault = error.__cause__
        if isinstance(fault, ServiceFault) and isinstance(error, AuthenticationError):
            from modelwire_bedrock.aws.credentials.errors import login_hint

            error.hint = error.hint or login_hint(self.target)
        called = self.request.payload["modelId"]
        if isinstance(error, NotFound) and called != self.model:
            error.hint = f"{self.model} was called through {called}; name a profile of your own."

    def _first(self, remedy: str) -> bool:
        if remedy in self._tried:
            return False
        self._tried.add(remedy)
        return True


def _without_reasoning(call: ConverseCall) -> Diagnostic | None:
    changed = call.request.without_reasoning()
    if changed.payload == call.request.payload:
        return None
    call.request = changed
    return _retried("payload.messages", "The signature of its thinking was refused.")


def _through_a_profile(call: ConverseCall) -> Diagnostic | None:
    choice = _profile(call.model, call.target, refused=True)
    if choice is None or choice.model_id == call.request.payload["modelId"]:
        return None
    call.request = _through(choice, call.request)
    return _retried("model", "The model answers through an inference profile only.")


def _as_a_whole(call: ConverseCall) -> Diagnostic | None:
    if call.operation == "converse":
        return None
    call.operation = "converse"
    return _retried("operation", "The model cannot stream this; it answers as a whole.")


_REMEDIES: Mapping[Symptom, Callable[[ConverseCall], Diagnostic | None]] = {
    Symptom.STALE_SIGNATURE: _without_reasoning,
    Symptom.ON_DEMAND_UNSUPPORTED: _through_a_profile,
    Symptom.TOOLS_NOT_STREAMED: _as_a_whole,
    Symptom.STREAMING_UNSUPPORTED: _as_a_whole,
}
"""What may be changed in a call, by what was wrong with it."""


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

    Raises:
        ConfigError: A setting is not valid.
        InvalidMessage: A message holds what the service does not take.
        InvalidRequest: The options cannot be met.
    """
    settings = _settings(provider, config)
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
    )
    choice = _profile(model.id, target)
    if choice is not None:
        request = _through(choice, request)
    streaming = family_of(model.id, base_model=base_model, name=model.name).streaming
    whole = streaming == "nothing" or (streaming == "text only" and "toolConfig" in request.payload)
    return ConverseCall(
        model=model.id,
        provider=provider.id or _PROVIDER,
        target=target,
        request=request,
        operation="converse" if whole else "converse_stream",
        headers={**provider.headers, **model.headers},
        deadlines=options.deadlines,
        clients=clients or shared_clients(),
    )


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


def _retried(path: str, reason: str) -> Diagnostic:
    return Diagnostic("retried", {"path": path, "reason": reason})


def _profile(model_id: str, target: Target, *, refused: bool = False) -> ProfileChoice | None:
    inventory = inventory_of(target.identity, target.region)
    return profile_for(model_id, target.region, inventory=inventory, refused=refused)


def _through(choice: ProfileChoice, request: ConverseRequest) -> ConverseRequest:
    """The same request to an inference profile; the history is still that of the model."""
    return evolve(
        request,
        payload={**request.payload, "modelId": choice.model_id},
        changes=(*request.changes, Change("rewritten", "model", choice.reason)),
    )


def _settings(provider: ProviderConfig, config: Config) -> dict[str, Any]:
    """The plugin's own block of the configuration, and over it that of another provider id."""
    settings: dict[str, Any] = {}
    for name in (*_ALIASES, _PROVIDER, provider.id):
        entry = config.plugins.entries.get(name)
        if entry is not None:
            settings |= entry.config
    return settings
