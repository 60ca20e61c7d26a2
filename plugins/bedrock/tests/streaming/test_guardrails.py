"""A guardrail that masks is no refusal; one that blocks is, and so is one that says nothing."""

import pytest

from modelwire.errors import ContentFiltered
from modelwire.events import Diagnostic
from modelwire.messages import Context, StopReason, Tool, UserMessage
from modelwire.models import Model


def pii(action):
    entity = {"type": "ADDRESS", "match": "Paris", "action": action}
    return {"sensitiveInformationPolicy": {"piiEntities": [entity]}}


def topic(action):
    return {"topicPolicy": {"topics": [{"name": "x", "type": "DENY", "action": action}]}}


MASKED = {"actionReason": "Guardrail masked.", "outputAssessments": {"g1": [pii("ANONYMIZED")]}}
BLOCKED = {"actionReason": "Guardrail blocked.", "inputAssessment": {"g1": topic("BLOCKED")}}
TEXT = "You live in {ADDRESS}."


def events(event, guardrail, *, metadata_first=False):
    metadata = {"usage": {"inputTokens": 9, "outputTokens": 7, "totalTokens": 16}}
    if guardrail is not None:
        metadata["trace"] = {"guardrail": guardrail}
    end = [
        event("messageStop", {"stopReason": "guardrail_intervened"}),
        event("metadata", {**metadata, "metrics": {"latencyMs": 1}}),
    ]
    return [
        event("messageStart", {"role": "assistant"}),
        event("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": TEXT}}),
        event("contentBlockStop", {"contentBlockIndex": 0}),
        *(reversed(end) if metadata_first else end),
    ]


@pytest.mark.parametrize("metadata_first", [True, False])
@pytest.mark.parametrize(
    "trace",
    [
        MASKED,
        {"outputAssessments": {"g1": [pii("ANONYMIZED"), topic("NONE")]}},
        {"actionReason": "Guardrail masked."},
        {"inputAssessment": {"g1": pii("NONE")}},
    ],
)
async def test_what_is_only_masked_is_an_answer(
    server, collect, assemble, event, trace, metadata_first
):
    server.answers(events(event, trace, metadata_first=metadata_first))
    deltas, error = await collect()
    assert error is None
    message = assemble(deltas)
    assert (message.text, message.stop_reason) == (TEXT, StopReason.STOP)
    assert message.raw_stop_reason == "guardrail_intervened"
    kept = [d.type for d in deltas if isinstance(d, Diagnostic)]
    assert "guardrail_trace" in kept
    assert "failed_stop" not in kept


@pytest.mark.parametrize(
    "trace",
    [
        BLOCKED,
        None,
        {},
        {"modelOutput": ["x"]},
        {"actionReason": "Guardrail blocked."},
        {"outputAssessments": {"g1": [pii("ANONYMIZED"), topic("BLOCKED")]}},
    ],
)
async def test_what_is_blocked_or_unexplained_is_an_error(server, collect, event, trace):
    server.answers(events(event, trace))
    deltas, error = await collect()
    assert isinstance(error, ContentFiltered)
    if trace:
        assert "failed_stop" in [d.type for d in deltas if isinstance(d, Diagnostic)]


@pytest.mark.parametrize(("trace", "fails"), [(MASKED, False), (BLOCKED, True), (None, True)])
async def test_a_whole_answer_is_read_alike(server, collect, trace, fails):

    body = {
        "output": {"message": {"role": "assistant", "content": [{"text": TEXT}]}},
        "stopReason": "guardrail_intervened",
        **({"trace": {"guardrail": trace}} if trace else {}),
    }

    async def whole(exchange):
        await exchange.whole(200, body)

    server.answers(whole)
    context = Context([UserMessage("hello")], tools=[Tool("look")])
    llama = Model("amazon-bedrock", "us.meta.llama3-1-70b-instruct-v1:0")
    _, error = await collect(context, model=llama)
    assert isinstance(error, ContentFiltered) is fails


@pytest.mark.parametrize(
    "fields",
    [
        {"stop_details": {"category": "cyber", "explanation": "No."}},
        {"delta": {"stop_details": {"category": "cyber", "explanation": "No."}}},
    ],
)
def test_a_refusal_is_explained_from_either_place(translate, fields):
    with pytest.raises(ContentFiltered, match="category cyber; No"):
        translate(
            ("messageStop", {"stopReason": "refusal", "additionalModelResponseFields": fields}),
            end=True,
        )
