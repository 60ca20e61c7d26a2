"""Checks of requests to the OpenAI-shaped and Anthropic-shaped APIs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any

from modelwire_bedrock.emulator.checks import models
from modelwire_bedrock.emulator.checks.request import CheckedRequest
from modelwire_bedrock.emulator.hosted import hosted_apis
from modelwire_bedrock.emulator.tokens import estimate

__all__ = [
    "answered_calls",
    "at_runtime",
    "at_second_endpoint",
    "automatic_choice",
    "effort_value",
    "input_fits",
    "known_fields",
    "least_tokens",
    "no_background",
    "no_sampling",
    "no_tools_with_effort",
    "on_demand",
    "own_reasoning",
    "right_api",
    "stored_background",
    "tier",
    "token_field",
]

_CLAUDE = "/anthropic/v1"
_GPT = "openai.gpt-[5-9]*"
_ROUTE = "model `{id}` isn't supported on this route"
_API = "The model '{id}' does not support the '{api}' API"


def at_second_endpoint(request: CheckedRequest) -> str | None:
    """The second endpoint has the model under this id, in this region."""
    if _endpoint(request) != "mantle" or request.target is not None:
        return None
    return f"The model '{request.model_id}' does not exist"


def at_runtime(request: CheckedRequest) -> str | None:
    """The runtime endpoint has the model or profile in this region."""
    return models.is_known(request) if _endpoint(request) == "runtime" else None


def on_demand(request: CheckedRequest) -> str | None:
    """A bare id at the runtime endpoint can be called on demand."""
    return models.on_demand(request) if _endpoint(request) == "runtime" else None


def right_api(request: CheckedRequest) -> str | None:
    """The model has this API, and under this prefix of the path.

    A wrong prefix has two wordings: GPT was answered with the one that names the API, models of open
    weights, Gemma among them, with the one that names the route.
    """
    api, model = request.api, request.model
    if api is None or model is None:
        return None
    refusal = _API.format(id=request.model_id, api=api.public_path)
    if api.endpoint == "runtime":
        served = hosted_apis(model.id)
        return refusal if served is not None and api.operation not in served.apis else None
    second = request.second
    if second is None or (second.prefix == api.prefix and api.operation in second.operations):
        return None
    if second.prefix in (api.prefix, _CLAUDE) or fnmatchcase(second.id, _GPT):
        return refusal
    return _ROUTE.format(id=request.model_id)


def known_fields(names: frozenset[str], wording: str) -> Callable[[CheckedRequest], str | None]:
    """All members of the body are known."""

    def check(request: CheckedRequest) -> str | None:
        unknown = [name for name in request.raw if name not in names]
        return wording.format(unknown[0]) if unknown else None

    return check


def token_field(request: CheckedRequest) -> str | None:
    """GPT does not take `max_tokens` on Chat Completions."""
    return _unsupported("max_tokens") if "max_tokens" in request.raw else None


def least_tokens(request: CheckedRequest) -> str | None:
    """An answer of Responses may have 16 tokens at least."""
    limit = request.raw.get("max_output_tokens")
    if not isinstance(limit, int) or limit >= 16:
        return None
    return (
        "Invalid 'max_output_tokens': integer below minimum value. Expected a value >= 16, but got "
        f"{limit} instead."
    )


def no_sampling(request: CheckedRequest) -> str | None:
    """The model takes no `top_p`, and no temperature but 1."""
    if request.hosted.sampling is not False:
        return None
    if request.raw.get("temperature") not in (None, 1):
        return _unsupported("temperature")
    return _unsupported("top_p") if request.raw.get("top_p") is not None else None


def _unsupported(name: str) -> str:
    return f"Unsupported parameter: '{name}' is not supported with this model."


def effort_value(request: CheckedRequest) -> str | None:
    """The effort is one that the model has."""
    effort, values = _effort(request), request.hosted.effort_values
    if effort is None or values is None or effort in values:
        return None
    return (
        f"Unsupported value: '{effort}' is not supported with the '{request.model_id}' model. "
        f"Supported values are: {', '.join(repr(value) for value in values)}."
    )


def no_tools_with_effort(request: CheckedRequest) -> str | None:
    """GPT that thinks takes no function tools on Chat Completions."""
    if not request.raw.get("tools") or _effort(request) == "none":
        return None
    return (
        f"Function tools with reasoning_effort are not supported for {request.model_id} in "
        "/v1/chat/completions. To use function tools, use /v1/responses or set reasoning_effort to "
        "'none'."
    )


def _effort(request: CheckedRequest) -> Any:
    reasoning = request.raw.get("reasoning")
    if isinstance(reasoning, Mapping):
        return reasoning.get("effort")
    return request.raw.get("reasoning_effort")


def tier(request: CheckedRequest) -> str | None:
    """GPT has no other tiers."""
    service_tier = request.raw.get("service_tier")
    if service_tier not in ("flex", "priority"):
        return None
    return f"'{service_tier}' is not supported for 'service_tier' on this model"


def no_background(request: CheckedRequest) -> str | None:
    """The runtime endpoint has no responses in the background."""
    if _endpoint(request) != "runtime" or not request.raw.get("background"):
        return None
    return "The background parameter is not supported."


def stored_background(request: CheckedRequest) -> str | None:
    """A response in the background is stored."""
    if not request.raw.get("background") or request.raw.get("store") is not False:
        return None
    return "Can't use background with store disabled."


def automatic_choice(request: CheckedRequest) -> str | None:
    """gpt-oss on Responses decides about its calls itself."""
    choice = request.raw.get("tool_choice")
    if choice in (None, "auto"):
        return None
    return "Only 'auto' is supported for 'tool_choice' with this model."


def own_reasoning(request: CheckedRequest) -> str | None:
    """Reasoning that is sent back was issued here."""
    items = request.raw.get("input")
    for item in items if isinstance(items, list) else ():
        if not isinstance(item, Mapping) or item.get("type") != "reasoning":
            continue
        secret = item.get("encrypted_content")
        if secret is not None and secret not in request.signatures:
            name = item.get("id") or "reasoning"
            return f"The encrypted content for item {name} could not be verified."
    return None


def input_fits(request: CheckedRequest) -> str | None:
    """The input fits into the context window."""
    window = request.hosted.window
    tokens = estimate(request.body)
    if window is None or tokens <= window:
        return None
    return (
        f"This model's maximum context length is {window} tokens. However, your messages resulted in "
        f"{tokens} tokens. Please reduce the length of the messages."
    )


def answered_calls(request: CheckedRequest) -> str | None:
    """Every call has its result, where the API wants it."""
    operation = request.operation
    for at, missing in _unanswered(request):
        first = missing[0]
        if operation == "Responses":
            return f"No tool output found for function call {first}."
        if operation == "ChatCompletions":
            return (
                "An assistant message with 'tool_calls' must be followed by tool messages responding "
                "to each 'tool_call_id'. The following tool_call_ids did not have response messages: "
                f"{', '.join(missing)}"
            )
        return (
            f"messages.{at}: `tool_use` ids were found without `tool_result` blocks immediately "
            f"after: {', '.join(missing)}. Each `tool_use` block must have a corresponding "
            "`tool_result` block in the next message."
        )
    return None


def _unanswered(request: CheckedRequest) -> Iterator[tuple[int, list[str]]]:
    waiting: list[str] = []
    place = 0
    for role, at, blocks in request.turns():
        if waiting:
            given = {block["toolResult"]["toolUseId"] for block in blocks if "toolResult" in block}
            missing = [one for one in waiting if role != "user" or one not in given]
            if missing:
                yield place, missing
        waiting = [block["toolUse"]["toolUseId"] for block in blocks if "toolUse" in block]
        place = at
    if waiting:
        yield place, waiting


def _endpoint(request: CheckedRequest) -> str:
    return request.api.endpoint if request.api is not None else ""
