"""InvokeModel: its parameters as those of Converse, and its replies."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

from modelwire_bedrock.emulator.answers import Pacing, WireEvent, converse_body
from modelwire_bedrock.emulator.faults import Fault
from modelwire_bedrock.emulator.invoke.body import read_body
from modelwire_bedrock.emulator.invoke.embeddings import embed, is_embedding
from modelwire_bedrock.emulator.invoke.formats import (
    body_format,
    chunked,
    no_format,
    token_headers,
    usage_headers,
)
from modelwire_bedrock.emulator.operations import INVOKE
from modelwire_bedrock.emulator.replies import JsonReply, StreamReply
from modelwire_bedrock.emulator.scenario import EmulatedCall

__all__ = ["converse_parameters", "embedding_reply", "invoke_reply"]


def converse_parameters(
    operation: str, parameters: Mapping[str, Any], base_model: str
) -> Mapping[str, Any]:
    """The Converse parameters of a request; empty for an embedding model.

    Raises:
        Refusal: The body is not what the model takes.
    """
    body: bytes | None = parameters.get("body") if operation in INVOKE else None
    if operation == "CountTokens":
        input_ = parameters["input"]
        if "converse" in input_:
            converse: Mapping[str, Any] = input_["converse"]
            return converse
        body = input_["invokeModel"]["body"]
    elif operation not in INVOKE:
        return parameters
    form = body_format(base_model)
    if not base_model or is_embedding(base_model):
        return {}
    if form is None:
        raise no_format(base_model)
    request = form.read(read_body(body or b""))
    rail = {
        "guardrailIdentifier": parameters.get("guardrailIdentifier"),
        "guardrailVersion": parameters.get("guardrailVersion"),
        "trace": str(parameters.get("trace", "disabled")).lower(),
    }
    return {**request, "guardrailConfig": rail} if rail["guardrailIdentifier"] else request


def embedding_reply(base_model: str, body: bytes, fault: Fault | None) -> JsonReply | None:
    """The reply of an embedding model, or `None` for another model.

    Raises:
        Refusal: The body is not what the model takes.
    """
    if not is_embedding(base_model):
        return None
    answer, tokens = embed(base_model, read_body(body))
    return JsonReply(answer, headers=token_headers(tokens, 0), fault=fault)


def invoke_reply(
    call: EmulatedCall, events: AsyncIterator[WireEvent], fault: Fault | None, pacing: Pacing
) -> StreamReply:
    """The reply of a model that answers with text.

    Raises:
        Refusal: The bodies of the model are not known.
    """
    form = body_format(call.base_model)
    if form is None:
        raise no_format(call.base_model)
    if call.operation == "InvokeModelWithResponseStream":
        headers = {"x-amzn-bedrock-content-type": "application/json"}
        return StreamReply(chunked(form, call.base_model, events), fault, pacing, None, headers)

    def fold(events: Sequence[WireEvent]) -> tuple[dict[str, Any], dict[str, str]]:
        answer = converse_body(events)
        return form.write(call.base_model, answer), usage_headers(answer["usage"])

    return StreamReply(events, fault, pacing, fold)
