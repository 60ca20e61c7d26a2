"""The request for a plugin that speaks another API: model, provider, options and history.

Everything of AWS that is not in the API itself goes into header fields, named as botocore's service model
of InvokeModel names them. What an endpoint does not have is left out and recorded; a guardrail never is.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from operator import is_
from typing import TYPE_CHECKING, Any

from attrs import evolve, frozen

from modelwire.authoring import DerivedValues
from modelwire.errors import ConfigError
from modelwire.messages import AssistantMessage, Context
from modelwire.repair import Change, Changes
from modelwire.transport import merge_headers
from modelwire_bedrock.aws.service_hosts import MANTLE, RUNTIME
from modelwire_bedrock.converse.options import Params, envelope
from modelwire_bedrock.models.families import base_model_id, family_of
from modelwire_bedrock.models.limits import limits_of
from modelwire_bedrock.models.routes import CONVERSE, MESSAGES
from modelwire_bedrock.routes.options import fitted_options, thinking_words
from modelwire_bedrock.settings import AUTH

if TYPE_CHECKING:
    from modelwire.config import ProviderConfig
    from modelwire.hookspecs import CompletionOptions
    from modelwire.models import Model
    from modelwire_bedrock.aws.endpoints import Target
    from modelwire_bedrock.routes.choice import RouteChoice

__all__ = ["RoutedRequest", "routed_request"]

_HEADER = "X-Amzn-Bedrock-"
_OF_ENVELOPE = frozenset({
    "guardrailConfig", "guardrail", "serviceTier", "service_tier", "performanceConfig",
    "performance_config", "promptVariables", "prompt_variables", "requestMetadata", "request_metadata",
})  # fmt: skip
_ELSEWHERE = frozenset({"region", "profile", "transport"})
_FIELDS = ("additionalModelRequestFields", "additional_model_request_fields")
_OF_CONVERSE = frozenset({
    "additionalModelResponseFieldPaths", "additional_model_response_field_paths", "baseModel",
    "base_model", "content", "converse", "systemTools", "system_tools",
})  # fmt: skip
_OF_KEYS = ("accessKeyId", "secretAccessKey", "sessionToken")
_ONLY_AT_MANTLE = ("background", "conversation")
"""Parts of the Responses API that the runtime does not have: it is always synchronous."""


@frozen
class RoutedRequest:
    """The input of the other plugin, except for the address.

    Attributes:
        model: The model, with the id to send.
        context: The conversation; what the model itself wrote is known as its own.
        options: The options, without those of AWS.
        provider: The provider, with the header fields of AWS.
        changes: What was left out or rewritten.
    """

    model: Model
    context: Context
    options: CompletionOptions
    provider: ProviderConfig
    changes: Sequence[Change]


def routed_request(
    model: Model,
    context: Context,
    options: CompletionOptions,
    provider: ProviderConfig,
    *,
    choice: RouteChoice,
    target: Target,
    called: str,
    settings: Mapping[str, Any],
) -> RoutedRequest:
    """Prepare a request for the plugin that speaks the API of a route.

    Args:
        model: The requested model.
        context: The conversation to continue.
        options: The options of the call.
        provider: The provider's configuration.
        choice: The route.
        target: The address and the identity of the request.
        called: The id to send.
        settings: The plugin's own block of the configuration.

    Raises:
        ConfigError: A guardrail is configured that cannot be applied.
    """
    changes = Changes()
    known = model.extra.get("baseModel")
    family = family_of(
        model.id, base_model=known if isinstance(known, str) else None, name=model.name
    )
    params = Params(options.params, changes)
    parts = envelope(options, settings, family, params, changes)
    headers, further = _of_aws(parts, choice, changes)
    further |= _other_params(options.params, choice, changes)
    fitted = fitted_options(family, choice.api, options, changes)
    words = thinking_words(model, family, choice.api, fitted.reasoning, changes)
    sent = _called.derive(
        (model,),
        (called, choice.api, tuple(words.items())),
        lambda: evolve(
            model,
            id=called,
            api=choice.api,
            base_url=None,
            max_tokens=model.max_tokens or limits_of(model.id).max_tokens,
            thinking_level_map=words,
        ),
    )
    return RoutedRequest(
        model=sent,
        context=_known_as(context, model, sent),
        options=_with(fitted, further, _metadata(options, parts)),
        provider=_provider(provider, choice, target, headers, options.params.get("profile")),
        changes=changes.noted,
    )


_called: DerivedValues[Model] = DerivedValues()


def _of_aws(
    parts: Mapping[str, Any], choice: RouteChoice, changes: Changes
) -> tuple[dict[str, str], dict[str, Any]]:
    """The header fields and further parameters for what goes with a conversation."""
    guardrail = parts.get("guardrailConfig")
    if guardrail is not None and choice.endpoint == "mantle":
        msg = "The endpoint bedrock-mantle applies no guardrail, so nothing is sent."
        raise ConfigError(msg, hint="Call the model through bedrock-runtime, or without guardrail.")
    headers: dict[str, str] = {}
    further: dict[str, Any] = {}
    if guardrail is not None:
        headers[f"{_HEADER}GuardrailIdentifier"] = guardrail["guardrailIdentifier"]
        headers[f"{_HEADER}GuardrailVersion"] = guardrail["guardrailVersion"]
        if "trace" in guardrail:
            headers[f"{_HEADER}Trace"] = guardrail["trace"].upper()
        if "streamProcessingMode" in guardrail:
            why = "Only Converse takes how a guardrail processes a stream."
            changes.dropped("guardrailConfig.streamProcessingMode", why)
    tier = parts.get("serviceTier", {}).get("type")
    if tier is not None and choice.api != MESSAGES:
        further["service_tier"] = tier
    found = {
        "Service-Tier": tier if choice.api == MESSAGES else None,
        "PerformanceConfig-Latency": parts.get("performanceConfig", {}).get("latency"),
        "Request-Metadata": _compact(parts.get("requestMetadata")),
    }
    for name, value in found.items():
        if value is not None and choice.endpoint == "mantle":
            changes.dropped(f"{_HEADER}{name}", "The endpoint bedrock-mantle does not have it.")
        elif value is not None:
            headers[f"{_HEADER}{name}"] = value
    if "promptVariables" in parts:
        changes.dropped("options.params.promptVariables", "Only Converse takes prompt variables.")
    return headers, further


def _other_params(
    given: Mapping[str, Any], choice: RouteChoice, changes: Changes
) -> dict[str, Any]:
    """The parameters that are the API's, and those that Converse takes as fields of the model."""
    further: dict[str, Any] = {}
    for name, value in given.items():
        path = f"options.params.{name}"
        if name in _OF_ENVELOPE or name in _ELSEWHERE:
            continue
        if name in _OF_CONVERSE:
            changes.note("ignored", path, "It is a parameter of Converse alone.")
        elif name in _FIELDS and isinstance(value, Mapping):
            further |= {key: item for key, item in value.items() if key not in given}
        elif name in _ONLY_AT_MANTLE and choice.endpoint == "runtime":
            changes.dropped(path, "The endpoint bedrock-runtime does not have it.")
        else:
            further[name] = value
    return further


def _metadata(options: CompletionOptions, parts: Mapping[str, Any]) -> dict[str, str]:
    """The labels that are not sent in a header field already."""
    return {} if "requestMetadata" in parts else options.metadata


def _with(
    options: CompletionOptions, params: dict[str, Any], metadata: dict[str, str]
) -> CompletionOptions:
    if params or options.params or metadata is not options.metadata:
        return evolve(options, params=params, metadata=metadata)
    return options


def _provider(
    provider: ProviderConfig,
    choice: RouteChoice,
    target: Target,
    headers: Mapping[str, str],
    profile: str | None,
) -> ProviderConfig:
    """The provider as the other plugin gets it; the same object for calls that are alike.

    What is decided from a provider is known again by the provider's identity.
    """
    key = (choice, target.region, tuple(headers.items()), profile)
    return _routed.derive(
        (provider,), key, lambda: _provider_for(provider, choice, target, headers, profile)
    )


_routed: DerivedValues[ProviderConfig] = DerivedValues()


def _provider_for(
    provider: ProviderConfig,
    choice: RouteChoice,
    target: Target,
    headers: Mapping[str, str],
    profile: str | None,
) -> ProviderConfig:
    service = MANTLE if choice.endpoint == "mantle" else RUNTIME
    extra = {**provider.extra, "signingService": service}
    key = provider.api_key
    if profile:  # what a call names replaces all that the provider names
        extra = {name: value for name, value in extra.items() if name not in _OF_KEYS}
        extra["profile"], key = profile, None
    return evolve(
        provider,
        api_key=key,
        api=choice.api,
        auth=AUTH,
        region=target.region,
        headers=merge_headers(provider.headers, headers),
        extra=extra,
    )


def _known_as(context: Context, model: Model, sent: Model) -> Context:
    """The history, in which the model's own messages carry the id that is sent.

    Signed thinking goes back to Claude whichever API it came in.
    """
    messages = [
        _renamed(message, sent)
        if isinstance(message, AssistantMessage) and _is_own(message, model)
        else message
        for message in context.messages
    ]
    if all(map(is_, messages, context.messages)):
        return context
    return evolve(context, messages=messages)


def _is_own(message: AssistantMessage, model: Model) -> bool:
    same = base_model_id(message.model) == base_model_id(model.id)
    return same and message.provider == model.provider


def _renamed(message: AssistantMessage, sent: Model) -> AssistantMessage:
    portable = sent.api == MESSAGES and message.api == CONVERSE
    return evolve(message, model=sent.id, api=MESSAGES if portable else message.api)


def _compact(labels: Mapping[str, str] | None) -> str | None:
    return json.dumps(labels, separators=(",", ":")) if labels else None
