"""The emulated service: from a request to the reply, judged in AWS's order.

Authentication comes first, then the operation, the service model, the catalogue and the rules; only
a request that AWS would answer reaches the scenario.
"""

from __future__ import annotations

import json
import threading
from collections.abc import AsyncIterator, Sequence
from typing import Any, Protocol
from urllib.parse import quote

from attrs import define, field

from modelwire_bedrock.emulator.answers import (
    Answer,
    Pacing,
    TokenUsage,
    WireEvent,
    wire_events,
)
from modelwire_bedrock.emulator.apis.paths import SERVICES, ApiPath, find_api_path, named_model
from modelwire_bedrock.emulator.apis.replies import api_reply
from modelwire_bedrock.emulator.apis.stored import StoredResponses
from modelwire_bedrock.emulator.auth import Authenticator
from modelwire_bedrock.emulator.calls import (
    BUILT_IN,
    MODEL_HEADER,
    BuiltIn,
    default_answer,
    with_fitting_ids,
)
from modelwire_bedrock.emulator.catalogue import Catalogue
from modelwire_bedrock.emulator.checks.request import CheckedRequest
from modelwire_bedrock.emulator.control_plane import answer_control
from modelwire_bedrock.emulator.errors import EmulatorError, Refusal, validation
from modelwire_bedrock.emulator.faults import FAULT_HEADER, Fault, read_fault_header
from modelwire_bedrock.emulator.guardrails import (
    apply_guardrail,
    find_guardrail,
    guarded,
    input_text,
)
from modelwire_bedrock.emulator.inference_jobs import EmulatedJobs
from modelwire_bedrock.emulator.invoke.answer import (
    converse_parameters,
    embedding_reply,
    invoke_reply,
)
from modelwire_bedrock.emulator.lengths import answer_limit, limited
from modelwire_bedrock.emulator.operations import (
    BATCH,
    CONTROL_PLANE,
    INVOKE,
    Route,
    find_operation,
    unknown_operation,
)
from modelwire_bedrock.emulator.received import ReceivedRequest
from modelwire_bedrock.emulator.replies import (
    JsonReply,
    RecordedReply,
    Reply,
    StreamReply,
    fold_converse,
)
from modelwire_bedrock.emulator.rules import broken_rule
from modelwire_bedrock.emulator.scenario import EmulatedCall, Scenario, Step
from modelwire_bedrock.emulator.signatures import SignedRequest
from modelwire_bedrock.emulator.tokens import estimate
from modelwire_bedrock.emulator.validation import read_parameters

__all__ = ["AnswerSource", "RecordedSource", "Service"]

ACTIONS = {"Converse": "InvokeModel", "ConverseStream": "InvokeModelWithResponseStream"}


class AnswerSource(Protocol):
    """Something that answers for the emulated models."""

    def events(self, call: EmulatedCall) -> AsyncIterator[WireEvent]:
        """The wire events of an answer; raises a `Refusal` where the model fails."""


class RecordedSource(Protocol):
    """Something that holds recorded answers."""

    def find(self, operation: str, model_id: str, body: Any) -> RecordedReply | None:
        """The answer that was recorded for such a request."""


@define
class Service:
    """The state of the emulated service, and its decisions.

    Attributes:
        authenticator: Authenticates callers.
        catalogue: The models.
        scenario: The script.
        model: What answers where the scenario does not: a built-in model, or something else.
        recordings: Answers everything in place of all else, or `None`.
        region: The region that unsigned requests are for.
        skipped: Names of rules that are not enforced.
        jobs: The batch inference jobs.
    """

    authenticator: Authenticator
    catalogue: Catalogue
    scenario: Scenario
    model: AnswerSource | BuiltIn = "synth"
    recordings: RecordedSource | None = None
    region: str | None = None
    skipped: frozenset[str] = frozenset()
    jobs: EmulatedJobs = field(factory=EmulatedJobs, repr=False)
    signatures: set[str] = field(factory=set, repr=False)
    responses: StoredResponses = field(factory=StoredResponses, init=False, repr=False)
    _counts: dict[str, int] = field(factory=dict, init=False)
    _lock: threading.Lock = field(factory=threading.Lock, init=False, repr=False)

    def reply(self, request: SignedRequest, received: ReceivedRequest) -> Reply:
        """Decide on the reply to a request; what is found out on the way is noted in `received`.

        Raises:
            Refusal: It is refused.
        """
        api = find_api_path(received.endpoint, request.method, request.path)
        if api is not None or received.endpoint == "mantle":
            return self._api_reply(api, request, received)
        route = find_operation(request.method, request.path, request.query)
        if route is not None:
            received.operation = route.name
            received.model_id = route.uri.get("modelId")
        received.identity = self.authenticator.admit(request)
        if route is None:
            raise unknown_operation(request.method, request.path)
        if self.recordings is not None:
            return self._recorded(route.name, received)
        received.parameters = read_parameters(route, request.body, dict(request.headers))
        region = received.identity.region or self.region
        header_fault = self.header_fault(request)
        if route.name in CONTROL_PLANE or route.name == "ApplyGuardrail":
            return self._control(route, received, region or "us-east-1", header_fault)
        return self._data(route, received, region, header_fault)

    def _api_reply(
        self, api: ApiPath | None, request: SignedRequest, received: ReceivedRequest
    ) -> Reply:
        """The reply of an OpenAI-shaped or Anthropic-shaped API."""
        if api is not None:
            received.operation = api.operation
            received.model_id = named_model(api, received.body)
        received.identity = self.authenticator.admit(request, SERVICES[received.endpoint])
        if api is None:
            raise Refusal("UnknownOperationException", "")
        if self.recordings is not None:
            return self._recorded(api.operation, received)
        region = received.identity.region or self.region
        return api_reply(self, api, request, received, region)

    def _recorded(self, operation: str, received: ReceivedRequest) -> RecordedReply:
        if self.recordings is None:
            raise Refusal("InternalServerException")
        model_id = received.model_id or ""
        found = self.recordings.find(operation, model_id, received.body)
        if found is None:
            msg = f"The emulator replays recordings and has none of {operation} with {model_id!r}."
            raise validation(msg)
        return found

    def _control(
        self, route: Route, received: ReceivedRequest, region: str, header_fault: Fault | None
    ) -> JsonReply:
        call = EmulatedCall(route.name, "", "", received.parameters)
        step = self.scenario.take(call)
        fault = header_fault or (step.fault if step else None)
        self._raise_error(fault, call, step)
        if route.name == "ApplyGuardrail":
            body = apply_guardrail(self.catalogue.guardrails, received.parameters)
        elif route.name in BATCH:
            body = self.jobs.answer(route.name, received.parameters, self, region)
        else:
            body = answer_control(route.name, received.parameters, self.catalogue, region)
        return JsonReply(body, fault=fault)

    def converse(self, model_id: str, body: bytes, region: str) -> Reply:
        """The reply to a request of Converse that came with a batch inference job.

        Raises:
            Refusal: It is refused.
        """
        route = find_operation("POST", f"/model/{quote(model_id, safe='')}/converse", "")
        assert route is not None  # noqa: S101 - it is an operation that the emulator has
        received = ReceivedRequest("POST", "", {}, None, "", "Converse", model_id)
        received.parameters = read_parameters(route, body, {})
        return self._data(route, received, region, None)

    def _data(
        self,
        route: Route,
        received: ReceivedRequest,
        region: str | None,
        header_fault: Fault | None,
    ) -> Reply:
        parameters = received.parameters
        model_id = parameters["modelId"]
        target = self.catalogue.find(model_id, region)
        base = CheckedRequest(route.name, model_id, target, {}).model
        converse = converse_parameters(route.name, parameters, base.id if base else "")
        judged = CheckedRequest(route.name, model_id, target, converse, self.signatures)
        broken = broken_rule(judged, self.skipped)
        if broken is not None:
            received.rule = broken[0].name
            raise broken[1]
        whole = {**converse, "modelId": model_id} if route.name in INVOKE else parameters
        call = EmulatedCall(route.name, model_id, base.id if base else model_id, whole)
        answer, fault = self.scripted(call, header_fault)
        if route.name == "CountTokens":
            return JsonReply({"inputTokens": estimate(converse)}, fault=fault)
        if route.name in INVOKE:
            embedded = embedding_reply(call.base_model, parameters["body"], fault)
            if embedded is not None:
                return embedded
        events, pacing = self.answer_events(call, answer, received)
        if call.operation in INVOKE:
            return invoke_reply(call, events, fault, pacing)
        return StreamReply(
            events, fault, pacing, fold_converse if call.operation == "Converse" else None
        )

    def scripted(
        self, call: EmulatedCall, header_fault: Fault | None
    ) -> tuple[Answer | None, Fault | None]:
        """The scenario's reply to a call: an answer, or a fault to apply to one.

        Raises:
            Refusal: The fault is an error in place of an answer.
        """
        step = self.scenario.take(call)
        fault = header_fault or (step.fault if step else None)
        self._raise_error(fault, call, step)
        return (step.answer if step else None), fault

    def answer_events(
        self, call: EmulatedCall, answer: Answer | None, received: ReceivedRequest
    ) -> tuple[AsyncIterator[WireEvent], Pacing]:
        """The events of the answer to a call, and how fast they come.

        Args:
            call: The call.
            answer: The answer that the scenario has for it, or `None`.
            received: The request, whose header may name a built-in model.

        Raises:
            Refusal: The header names none, or there is no answer.
        """
        model = self._model_for(received)
        pacing = answer.pacing if answer and answer.pacing else self.scenario.pacing
        limit = answer_limit(call.base_model, call.parameters)
        if answer is None and not isinstance(model, str):
            events = model.events(call)
        else:
            built_in: BuiltIn = model if isinstance(model, str) else "synth"
            answer = answer or default_answer(call, built_in)
            answer = with_fitting_ids(answer, call.base_model)
            characters = sum(len(json.dumps(event)) for event in wire_events(answer, TokenUsage()))
            usage = TokenUsage(estimate(call.parameters), max(1, characters // 60))
            events = _listed(wire_events(answer, usage))
            limit = None if answer.events is not None or answer.stop_reason else limit
        return self._guarded(self._remembering(limited(events, limit)), call), pacing

    def _model_for(self, received: ReceivedRequest) -> AnswerSource | BuiltIn:
        named = received.headers.get(MODEL_HEADER)
        if named is None:
            return self.model
        if named in BUILT_IN:
            return BUILT_IN[named]
        raise validation(f"{MODEL_HEADER} is {named!r}; it is echo or synth.")

    def _guarded(
        self, events: AsyncIterator[WireEvent], call: EmulatedCall
    ) -> AsyncIterator[WireEvent]:
        config = call.parameters.get("guardrailConfig")
        if not config:
            return events
        guardrail = find_guardrail(self.catalogue.guardrails, config)
        prompt = input_text(call.parameters.get("messages") or ())
        trace = config.get("trace", "disabled") != "disabled"
        return guarded(events, guardrail, prompt, trace=trace)

    async def _remembering(self, events: AsyncIterator[WireEvent]) -> AsyncIterator[WireEvent]:
        async for event in events:
            self._remember_signatures([event])
            yield event

    def _remember_signatures(self, events: Sequence[WireEvent]) -> None:
        for _, payload in events:
            reasoning = payload.get("delta", {}).get("reasoningContent", {})
            if "signature" in reasoning:
                self.signatures.add(reasoning["signature"])

    def _raise_error(self, fault: Fault | None, call: EmulatedCall, step: Step | None) -> None:
        if fault is None or fault.kind != "error":
            return
        refusal = fault.refusal()
        by_operation = not call.model_id or (step is not None and step.when.operation is not None)
        if refusal.code == "AccessDeniedException" and fault.message is None and by_operation:
            action = call.action or f"bedrock:{ACTIONS.get(call.operation, call.operation)}"
            refusal.message = (
                f"User: arn:aws:iam::{self.catalogue.account_id}:user/emulated is not authorized to "
                f"perform: {action} because no identity-based policy allows the {action} action"
            )
        raise refusal

    def header_fault(self, request: SignedRequest) -> Fault | None:
        """The fault that a request demands by its header, as long as it applies.

        Raises:
            Refusal: The header names no fault.
        """
        value = request.header(FAULT_HEADER)
        if value is None:
            return None
        try:
            fault, times = read_fault_header(value)
        except (EmulatorError, ValueError) as error:
            raise validation(str(error)) from error
        with self._lock:
            count = self._counts[value] = self._counts.get(value, 0) + 1
        return fault if times is None or count <= times else None


async def _listed(events: Sequence[WireEvent]) -> AsyncIterator[WireEvent]:
    for event in events:
        yield event
