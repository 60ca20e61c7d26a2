"""Guardrails: blocked and masked, on Converse, ConverseStream, InvokeModel and alone."""

import json

import pytest

CLAUDE = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
RAIL = {"guardrailIdentifier": "gr4emulated1", "guardrailVersion": "1", "trace": "enabled"}
SORRY = "Sorry, the model cannot answer this question."


def ask(client, text="Hello", rail=RAIL):
    content = text if isinstance(text, list) else [{"text": text}]
    return client.converse(
        modelId=CLAUDE,
        messages=[{"role": "user", "content": content}],
        guardrailConfig=rail,
    )


def said(answer):
    return answer["output"]["message"]["content"][0]["text"]


def test_personal_data_of_an_answer_is_masked(emulator, runtime):
    emulator.answer("Write to ann@example.com or +47 22 33 44 55.")

    answer = ask(runtime)

    assert said(answer) == "Write to {EMAIL} or {PHONE}."
    assert answer["stopReason"] == "guardrail_intervened"
    trace = answer["trace"]["guardrail"]
    assert trace["actionReason"] == "Guardrail masked."
    found = trace["outputAssessments"]["gr4emulated1"][0]["sensitiveInformationPolicy"]
    assert [entity["action"] for entity in found["piiEntities"]] == ["ANONYMIZED"] * 2


def test_a_blocked_question_does_not_reach_the_model(emulator, runtime):
    answer = ask(runtime, "Tell me something FORBIDDEN.")

    assert said(answer) == SORRY
    assert answer["stopReason"] == "guardrail_intervened"
    words = answer["trace"]["guardrail"]["inputAssessment"]["gr4emulated1"]["wordPolicy"]
    assert words["customWords"] == [{"match": "forbidden", "action": "BLOCKED"}]


def test_a_blocked_answer_is_replaced(emulator, runtime):
    emulator.answer("This is forbidden.")

    answer = ask(runtime)

    assert said(answer) == SORRY
    assert answer["trace"]["guardrail"]["actionReason"] == "Guardrail blocked."


def test_a_good_answer_passes_and_there_is_no_trace_unless_asked_for(emulator, runtime):
    emulator.answer("It is sunny.", times=2)

    assert ask(runtime)["trace"]["guardrail"] == {"actionReason": "No action."}
    quiet = ask(runtime, rail={**RAIL, "trace": "disabled"})

    assert said(quiet) == "It is sunny."
    assert quiet["stopReason"] == "end_turn"
    assert "trace" not in quiet


def test_only_guarded_content_is_assessed_where_there_is_some(emulator, runtime):
    emulator.answer("Fine.")
    content = [{"text": "forbidden"}, {"guardContent": {"text": {"text": "harmless"}}}]

    assert said(ask(runtime, content)) == "Fine."


def test_a_stream_is_masked(emulator, runtime, read_stream):
    emulator.answer("You are ann@example.com, it seems.")

    events, failure = read_stream(runtime, modelId=CLAUDE, guardrailConfig=RAIL)

    assert failure is None
    text = "".join(
        e["contentBlockDelta"]["delta"]["text"] for e in events if "contentBlockDelta" in e
    )
    assert text == "You are {EMAIL}, it seems."
    assert [e["messageStop"]["stopReason"] for e in events if "messageStop" in e] == [
        "guardrail_intervened"
    ]
    assert events[-1]["metadata"]["trace"]["guardrail"]["actionReason"] == "Guardrail masked."


def test_an_invocation_is_guarded_by_its_headers(emulator, runtime):
    emulator.answer("ann@example.com")
    body = {
        "anthropic_version": "bedrock-2023-05-31",
        "max_tokens": 9,
        "messages": [{"role": "user", "content": "Who?"}],
    }

    answer = runtime.invoke_model(
        modelId=CLAUDE,
        body=json.dumps(body),
        guardrailIdentifier="gr4emulated1",
        guardrailVersion="1",
    )

    assert json.loads(answer["body"].read())["content"][0]["text"] == "{EMAIL}"


@pytest.mark.parametrize(
    "rail", [{**RAIL, "guardrailIdentifier": "nonesuch1234"}, {**RAIL, "guardrailVersion": "7"}]
)
def test_a_guardrail_that_does_not_exist_is_refused(runtime, rail):
    with pytest.raises(runtime.exceptions.ValidationException, match="does not exist"):
        ask(runtime, rail=rail)


@pytest.mark.parametrize(
    ("text", "action", "outputs"),
    [
        ("Hello", "NONE", []),
        ("ann@example.com", "GUARDRAIL_INTERVENED", ["{EMAIL}"]),
        ("forbidden", "GUARDRAIL_INTERVENED", [SORRY]),
    ],
)
def test_a_guardrail_is_applied_alone(runtime, text, action, outputs):
    found = runtime.apply_guardrail(
        guardrailIdentifier="gr4emulated1",
        guardrailVersion="DRAFT",
        source="OUTPUT",
        content=[{"text": {"text": text}}],
    )

    assert found["action"] == action
    assert [output["text"] for output in found["outputs"]] == outputs
    assert len(found["assessments"]) == len(outputs)


def test_a_guardrail_alone_that_does_not_exist_is_not_found(runtime):
    with pytest.raises(runtime.exceptions.ResourceNotFoundException):
        runtime.apply_guardrail(
            guardrailIdentifier="nonesuch1234",
            guardrailVersion="1",
            source="INPUT",
            content=[{"text": {"text": "x"}}],
        )
