"""Replies of the OpenAI-shaped and Anthropic-shaped APIs: judged, scripted and written."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from modelwire_bedrock.emulator.answers import WireEvent
from modelwire_bedrock.emulator.checks.request import CheckedRequest
from modelwire_bedrock.emulator.doors.chat_completions import ChatWriter, read_chat
from modelwire_bedrock.emulator.doors.errors import DoorRefusal
from modelwire_bedrock.emulator.doors.messages import MessagesWriter, read_messages
from modelwire_bedrock.emulator.doors.responses import read_responses
from modelwire_bedrock.emulator.doors.responses_stream import ResponsesWriter
from modelwire_bedrock.emulator.doors.routes import Door
from modelwire_bedrock.emulator.doors.sse import AnswerWriter, DoorCall
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

__all__ = ["door_reply"]

_NO_TOOLS = ("none", {"type": "none"})
_MALFORMED = "Malformed input request"
_RAIL = {
    "guardrailIdentifier": "x-amzn-bedrock-guardrailidentifier",
    "guardrailVersion": "x-amzn-bedrock-guardrailversion",
    "trace": "x-amzn-bedrock-trace",
}


def door_reply(
    service: Service,
    door: Door,
    request: SignedRequest,
    received: ReceivedRequest,
    region: str | None,
) -> Reply:
    """The reply to a request of a known caller.

    Raises:
        Refusal: It is refused.
    """
    header_fault = service.header_fault(request)
    if door.operation in _LISTS:
        listed = EmulatedCall(door.operation, "", "", {}, door.action(streams=False))
        _, fault = service.scripted(listed, header_fault)
        return JsonReply(_LISTS[door.operation](service, door, region), fault=fault)
    try:
        return _answer(service, door, request, received, region, header_fault)
    except Refusal as refusal:
        if refusal.message.startswith(_MALFORMED):
            raise _not_deserialized(refusal) from None
        raise


def _answer(
    service: Service,
    door: Door,
    request: SignedRequest,
    received: ReceivedRequest,
    region: str | None,
    header_fault: Fault | None,
) -> Reply:
    body = read_body(request.body)
    model_id = member(body, "model", str)
    judged = _judged(service, door, body, model_id, region)
    base = judged.model.id if judged.model is not None else ""
    asked = _asked(service, judged, base, received.headers)
    judged = CheckedRequest(
        door.operation,
        model_id,
        judged.target,
        asked,
        service.signatures,
        door,
        judged.second,
        body,
    )
    broken = broken_rule(judged, service.skipped)
    if broken is not None:
        received.rule = broken[0].name
        raise broken[1]
    received.parameters = asked
    one = DoorCall(door, model_id, base, body)
    action = door.action(streams=one.streams)
    call = EmulatedCall(door.operation, model_id, base, {**asked, "modelId": model_id}, action)
    answer, fault = service.scripted(call, header_fault)
    if door.operation == "CountMessageTokens":
        return JsonReply({"input_tokens": estimate(asked)}, fault=fault)
    events, pacing = service.said(call, answer, received)
    writer = _writer(service, one)
    fold = None if one.streams else _fold(service, one, writer, fault)
    headers = {"x-request-id": received.request_id}
    return StreamReply(events, fault, pacing, fold, headers, writer)


def _judged(
    service: Service, door: Door, body: Mapping[str, Any], model_id: str, region: str | None
) -> CheckedRequest:
    if door.endpoint == "runtime":
        target = service.catalogue.find(model_id, region)
        return CheckedRequest(door.operation, model_id, target, {}, door=door, raw=body)
    second = service.catalogue.find_mantle(model_id, region)
    model = None if second is None else service.catalogue.model_behind(second)
    return CheckedRequest(door.operation, model_id, model, {}, (), door, second, body)


def _asked(
    service: Service, judged: CheckedRequest, base: str, headers: Mapping[str, str]
) -> dict[str, Any]:
    """What a request asks in the terms of Converse."""
    body, operation = judged.raw, judged.operation
    if operation == "Responses":
        asked = read_responses(
            body, service.responses.before(member(body, "previous_response_id", str, None))
        )
    elif operation == "ChatCompletions":
        asked = read_chat(body)
    else:
        asked = read_messages(body, counted=operation == "CountMessageTokens")
    if body.get("tool_choice") in _NO_TOOLS:
        asked.pop("toolConfig", None)
    if operation in ("ChatCompletions", "Responses"):
        _place_effort(asked, body, base)
    rail = {name: headers.get(field) for name, field in _RAIL.items()}
    if (
        judged.door is not None
        and judged.door.endpoint == "runtime"
        and rail["guardrailIdentifier"]
    ):
        rail["trace"] = str(rail["trace"] or "disabled").lower()
        asked["guardrailConfig"] = rail
    return asked


def _place_effort(asked: dict[str, Any], body: Mapping[str, Any], base: str) -> None:
    """Put the effort where the model has it on Converse."""
    asked.pop("additionalModelRequestFields", None)
    reasoning = body.get("reasoning")
    effort = reasoning.get("effort") if isinstance(reasoning, Mapping) else None
    effort = effort or body.get("reasoning_effort")
    field = hosted_model(base).effort_field or "reasoning_effort"
    if effort is not None:
        for name in reversed(field.split(".")):
            effort = {name: effort}
        asked["additionalModelRequestFields"] = effort


def _writer(service: Service, call: DoorCall) -> AnswerWriter:
    if call.door.operation == "ChatCompletions":
        return ChatWriter(call)
    if call.door.operation == "Messages":
        return MessagesWriter(call)

    def keep(response: dict[str, Any]) -> None:
        if call.body.get("store") is not False:
            service.responses.keep(response, call.body)

    return ResponsesWriter(call, service.signatures.add, keep)


def _fold(
    service: Service, call: DoorCall, writer: AnswerWriter, fault: Fault | None
) -> Callable[[Sequence[WireEvent]], tuple[dict[str, Any], dict[str, str]]]:
    def fold(said: Sequence[WireEvent]) -> tuple[dict[str, Any], dict[str, str]]:
        if fault is not None and fault.kind == "no_stop":
            said = [event for event in said if event[0] != "messageStop"]
        body = writer.whole(said)
        return service.responses.queued(body) if call.body.get("background") else body, {}

    return fold


def _not_deserialized(refusal: Refusal) -> DoorRefusal:
    what = refusal.message.removeprefix(_MALFORMED).split(", please reformat")[0].lstrip(": ")
    return DoorRefusal(f"Failed to deserialize the JSON body into the target type: {what}")


def _models(service: Service, door: Door, region: str | None) -> dict[str, Any]:
    del door
    found = [one.id for one in service.catalogue.mantle.values() if one.serves(region)]
    return {"object": "list", "data": [_model(id_) for id_ in sorted(found)]}


def _one_model(service: Service, door: Door, region: str | None) -> dict[str, Any]:
    if service.catalogue.find_mantle(door.name, region) is None:
        raise Refusal("ResourceNotFoundException", f"The model '{door.name}' does not exist")
    return _model(door.name)


def _model(id_: str) -> dict[str, Any]:
    # The creator and the time are ours: no source shows them.
    return {"id": id_, "object": "model", "created": 0, "owned_by": "system"}


def _response(service: Service, door: Door, region: str | None) -> dict[str, Any]:
    del region
    return service.responses.find(door.name)


def _deleted(service: Service, door: Door, region: str | None) -> dict[str, Any]:
    del region
    return service.responses.forget(door.name)


_LISTS: dict[str, Callable[[Service, Door, str | None], dict[str, Any]]] = {
    "DeleteResponse": _deleted,
    "GetModel": _one_model,
    "GetResponse": _response,
    "ListModels": _models,
}
