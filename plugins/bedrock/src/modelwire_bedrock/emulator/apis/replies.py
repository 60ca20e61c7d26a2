"""Replies of the OpenAI-shaped and Anthropic-shaped APIs: judged, scripted and written."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from modelwire_bedrock.emulator.answers import WireEvent
from modelwire_bedrock.emulator.apis.chat_completions import ChatWriter, read_chat
from modelwire_bedrock.emulator.apis.errors import ApiRefusal
from modelwire_bedrock.emulator.apis.messages import MessagesWriter, read_messages
from modelwire_bedrock.emulator.apis.paths import ApiPath
from modelwire_bedrock.emulator.apis.responses import read_responses
from modelwire_bedrock.emulator.apis.responses_stream import ResponsesWriter
from modelwire_bedrock.emulator.apis.sse import AnswerWriter, ApiCall
from modelwire_bedrock.emulator.checks.request import CheckedRequest
from modelwire_bedrock.emulator.errors import Refusal
from modelwire_bedrock.emulator.faults import Fault
from modelwire_bedrock.emulator.hosted import hosted_model
from modelwire_bedrock.emulator.invoke.body import member, read_body
from modelwire_bedrock.emulator.received import ReceivedRequest
from modelwire_bedrock.emulator.replies import JsonReply, Reply, StreamReply
from modelwire_bedrock.emulator.rules import broken_rule
from modelwire_bedrock.emulator.scenario import EmulatedCall
from modelwire_bedrock.emulator.signatures import SignedRequest
from modelwire_bedrock.emulator.tokens import estimate

if TYPE_CHECKING:
    from modelwire_bedrock.emulator.service import Service

__all__ = ["api_reply"]

_NO_TOOLS = ("none", {"type": "none"})
_MALFORMED = "Malformed input request"
_RAIL = {
    "guardrailIdentifier": "x-amzn-bedrock-guardrailidentifier",
    "guardrailVersion": "x-amzn-bedrock-guardrailversion",
    "trace": "x-amzn-bedrock-trace",
}


def api_reply(
    service: Service,
    api: ApiPath,
    request: SignedRequest,
    received: ReceivedRequest,
    region: str | None,
) -> Reply:
    """The reply to a request of a known caller.

    Raises:
        Refusal: It is refused.
    """
    header_fault = service.header_fault(request)
    if api.operation in _LISTS:
        listed = EmulatedCall(api.operation, "", "", {}, api.action(streams=False))
        _, fault = service.scripted(listed, header_fault)
        return JsonReply(_LISTS[api.operation](service, api, region), fault=fault)
    try:
        return _answer(service, api, request, received, region, header_fault)
    except Refusal as refusal:
        if refusal.message.startswith(_MALFORMED):
            raise _not_deserialized(refusal) from None
        raise


def _answer(
    service: Service,
    api: ApiPath,
    request: SignedRequest,
    received: ReceivedRequest,
    region: str | None,
    header_fault: Fault | None,
) -> Reply:
    body = read_body(request.body)
    model_id = member(body, "model", str)
    judged = _judged(service, api, body, model_id, region)
    base = judged.model.id if judged.model is not None else ""
    converse = _converse_parameters(service, judged, base, received.headers)
    judged = CheckedRequest(
        api.operation,
        model_id,
        judged.target,
        converse,
        service.signatures,
        api,
        judged.second,
        body,
    )
    broken = broken_rule(judged, service.skipped)
    if broken is not None:
        received.rule = broken[0].name
        raise broken[1]
    received.parameters = converse
    one = ApiCall(api, model_id, base, body)
    action = api.action(streams=one.streams)
    call = EmulatedCall(api.operation, model_id, base, {**converse, "modelId": model_id}, action)
    answer, fault = service.scripted(call, header_fault)
    if api.operation == "CountMessageTokens":
        return JsonReply({"input_tokens": estimate(converse)}, fault=fault)
    events, pacing = service.answer_events(call, answer, received)
    writer = _writer(service, one)
    fold = None if one.streams else _fold(service, one, writer, fault)
    headers = {"x-request-id": received.request_id}
    return StreamReply(events, fault, pacing, fold, headers, writer)


def _judged(
    service: Service, api: ApiPath, body: Mapping[str, Any], model_id: str, region: str | None
) -> CheckedRequest:
    if api.endpoint == "runtime":
        target = service.catalogue.find(model_id, region)
        return CheckedRequest(api.operation, model_id, target, {}, api=api, raw=body)
    second = service.catalogue.find_mantle(model_id, region)
    model = None if second is None else service.catalogue.model_behind(second)
    return CheckedRequest(api.operation, model_id, model, {}, (), api, second, body)


def _converse_parameters(
    service: Service, judged: CheckedRequest, base: str, headers: Mapping[str, str]
) -> dict[str, Any]:
    """The Converse parameters of a request."""
    body, operation = judged.raw, judged.operation
    if operation == "Responses":
        converse = read_responses(
            body, service.responses.before(member(body, "previous_response_id", str, None))
        )
    elif operation == "ChatCompletions":
        converse = read_chat(body)
    else:
        converse = read_messages(body, counted=operation == "CountMessageTokens")
    if body.get("tool_choice") in _NO_TOOLS:
        converse.pop("toolConfig", None)
    if operation in ("ChatCompletions", "Responses"):
        _place_effort(converse, body, base)
    rail = {name: headers.get(field) for name, field in _RAIL.items()}
    if judged.api is not None and judged.api.endpoint == "runtime" and rail["guardrailIdentifier"]:
        rail["trace"] = str(rail["trace"] or "disabled").lower()
        converse["guardrailConfig"] = rail
    return converse


def _place_effort(converse: dict[str, Any], body: Mapping[str, Any], base: str) -> None:
    """Put the effort where the model has it in Converse."""
    converse.pop("additionalModelRequestFields", None)
    reasoning = body.get("reasoning")
    effort = reasoning.get("effort") if isinstance(reasoning, Mapping) else None
    effort = effort or body.get("reasoning_effort")
    field = hosted_model(base).effort_field or "reasoning_effort"
    if effort is not None:
        for name in reversed(field.split(".")):
            effort = {name: effort}
        converse["additionalModelRequestFields"] = effort


def _writer(service: Service, call: ApiCall) -> AnswerWriter:
    if call.api.operation == "ChatCompletions":
        return ChatWriter(call)
    if call.api.operation == "Messages":
        return MessagesWriter(call)

    def keep(response: dict[str, Any]) -> None:
        if call.body.get("store") is not False:
            service.responses.keep(response, call.body)

    return ResponsesWriter(call, service.signatures.add, keep)


def _fold(
    service: Service, call: ApiCall, writer: AnswerWriter, fault: Fault | None
) -> Callable[[Sequence[WireEvent]], tuple[dict[str, Any], dict[str, str]]]:
    def fold(events: Sequence[WireEvent]) -> tuple[dict[str, Any], dict[str, str]]:
        if fault is not None and fault.kind == "no_stop":
            events = [event for event in events if event[0] != "messageStop"]
        body = writer.whole(events)
        return service.responses.queued(body) if call.body.get("background") else body, {}

    return fold


def _not_deserialized(refusal: Refusal) -> ApiRefusal:
    what = refusal.message.removeprefix(_MALFORMED).split(", please reformat")[0].lstrip(": ")
    return ApiRefusal(f"Failed to deserialize the JSON body into the target type: {what}")


def _models(service: Service, api: ApiPath, region: str | None) -> dict[str, Any]:
    del api
    found = [one.id for one in service.catalogue.mantle.values() if one.serves(region)]
    return {"object": "list", "data": [_model(id_) for id_ in sorted(found)]}


def _one_model(service: Service, api: ApiPath, region: str | None) -> dict[str, Any]:
    if service.catalogue.find_mantle(api.name, region) is None:
        raise Refusal("ResourceNotFoundException", f"The model '{api.name}' does not exist")
    return _model(api.name)


def _model(id_: str) -> dict[str, Any]:
    # The creator and the time are ours: no source shows them.
    return {"id": id_, "object": "model", "created": 0, "owned_by": "system"}


def _response(service: Service, api: ApiPath, region: str | None) -> dict[str, Any]:
    del region
    return service.responses.find(api.name)


def _deleted(service: Service, api: ApiPath, region: str | None) -> dict[str, Any]:
    del region
    return service.responses.forget(api.name)


_LISTS: dict[str, Callable[[Service, ApiPath, str | None], dict[str, Any]]] = {
    "DeleteResponse": _deleted,
    "GetModel": _one_model,
    "GetResponse": _response,
    "ListModels": _models,
}
