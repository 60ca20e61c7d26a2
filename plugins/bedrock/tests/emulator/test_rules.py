"""The table of rules: each row is broken once, and kept by what the recordings show to be legal."""

import json
from contextlib import suppress
from urllib.parse import quote

import pytest
import urllib3

from modelwire_bedrock.emulator import Emulator, Thinking
from modelwire_bedrock.emulator.rules import FAMILIES, RULES, Evidence

CLAUDE = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
OPUS = "us.anthropic.claude-opus-4-8"
NOVA = "us.amazon.nova-lite-v1:0"
LLAMA = "us.meta.llama4-maverick-17b-instruct-v1:0"
OLD_LLAMA = "us.meta.llama3-1-8b-instruct-v1:0"
MISTRAL = "mistral.mistral-large-3-675b-instruct"
PIXTRAL = "us.mistral.pixtral-large-2502-v1:0"
QWEN = "qwen.qwen3-32b-v1:0"
WRITER = "us.writer.palmyra-x5-v1:0"
TITAN = "amazon.titan-text-express-v1"
R1 = "us.deepseek.r1-v1:0"

IMAGE = {"image": {"format": "png", "source": {"bytes": "aGVsbG8="}}}
PDF = {"document": {"format": "pdf", "name": "Report", "source": {"bytes": "aGVsbG8="}}}
TEXT_FILE = {"document": {"format": "txt", "name": "Notes", "source": {"bytes": "aGVsbG8="}}}
S3_IMAGE = {"image": {"format": "png", "source": {"s3Location": {"uri": "s3://a-bucket/a.png"}}}}
VIDEO = {"video": {"format": "mp4", "source": {"bytes": "aGVsbG8="}}}
POINT = {"cachePoint": {"type": "default"}}
HOUR = {"cachePoint": {"type": "default", "ttl": "1h"}}
THINK = {"thinking": {"type": "enabled", "budget_tokens": 2048}}


def text(said="Hello"):
    return {"text": said}


def user(*blocks):
    return {"role": "user", "content": list(blocks or (text(),))}


def assistant(*blocks):
    return {"role": "assistant", "content": list(blocks or (text("Hi"),))}


def call(id_="call_1", **arguments):
    return {"toolUse": {"toolUseId": id_, "name": "look", "input": arguments}}


def result(*content, id_="call_1", **more):
    return {"toolResult": {"toolUseId": id_, "content": list(content or (text("ok"),)), **more}}


def tool(name="look", schema=None):
    return {"toolSpec": {"name": name, "inputSchema": {"json": schema or {"type": "object"}}}}


def thought(words="hm", **more):
    return {"reasoningContent": {"reasoningText": {"text": words, **more}}}


def body(*messages, tools=None, choice=None, **members):
    request = {"messages": list(messages or (user(),)), **members}
    if tools is not None:
        request["toolConfig"] = {"tools": tools}
    if choice is not None:
        request["toolConfig"]["toolChoice"] = choice
    return request


TURN = (user(), assistant(call()))
WITH = {"tools": [tool()]}

BREACHES = [
    ("the model exists", "us.anthropic.claude-nonesuch-v1:0", body()),
    ("it can be called on demand", "anthropic.claude-sonnet-4-5-20250929-v1:0", body()),
    ("it answers with text", "amazon.titan-embed-text-v2:0", body()),
    ("it can stream", "amazon.rerank-v1:0", body()),
    ("a message is not empty", NOVA, body({"role": "user", "content": []})),
    ("text is not empty", NOVA, body(user(text(), text("")))),
    ("a message is not all white space", NOVA, body(user(text(" \n")))),
    ("text of a tool result is not empty", CLAUDE, body(*TURN, user(result(text(""))), **WITH)),
    (
        "arguments are an object",
        CLAUDE,
        body(
            user(),
            assistant({"toolUse": {"toolUseId": "call_1", "name": "look", "input": [1]}}),
            user(result()),
            **WITH,
        ),
    ),
    ("a JSON result is an object", CLAUDE, body(*TURN, user(result({"json": [1]})), **WITH)),
    (
        "a document's name is harmless",
        CLAUDE,
        body(user(text(), {"document": {**PDF["document"], "name": "report.pdf"}})),
    ),
    ("a document has text beside it", CLAUDE, body(user(PDF))),
    ("the user begins", NOVA, body(assistant(), user())),
    ("the user has the last word", OPUS, body(user(), assistant())),
    ("no system prompt", TITAN, body(system=[text("Be brief.")])),
    ("only the assistant thinks", CLAUDE, body(user(thought(signature="c2ln")))),
    ("no tools", TITAN, body(**WITH)),
    ("no tools while streaming", OLD_LLAMA, body(**WITH)),
    ("tool blocks come with toolConfig", CLAUDE, body(*TURN, user(result()))),
    (
        "no more results than calls",
        CLAUDE,
        body(*TURN, user(result(), result(id_="call_2")), **WITH),
    ),
    ("every call has its result", CLAUDE, body(*TURN, user(), **WITH)),
    (
        "ids of calls differ",
        CLAUDE,
        body(user(), assistant(call(), call()), user(result(), result()), **WITH),
    ),
    ("a schema is an object's", CLAUDE, body(tools=[tool(schema={"type": "string"})])),
    ("the forced tool exists", CLAUDE, body(**WITH, choice={"tool": {"name": "other"}})),
    ("names of tools differ", CLAUDE, body(tools=[tool(), tool()])),
    ("toolChoice is not `any`", LLAMA, body(**WITH, choice={"any": {}})),
    ("toolChoice is no certain tool", MISTRAL, body(**WITH, choice={"tool": {"name": "look"}})),
    ("results stand alone in their turn", PIXTRAL, body(*TURN, user(result(), text()), **WITH)),
    ("results have no status", WRITER, body(*TURN, user(result(status="success")), **WITH)),
    ("video goes to models that see it", CLAUDE, body(user(text(), VIDEO))),
    ("images and sounds go to models that take them", R1, body(user(text(), IMAGE))),
    ("images and documents come as bytes", CLAUDE, body(user(text(), S3_IMAGE))),
    ("Nova's results hold text documents at most", NOVA, body(*TURN, user(result(PDF)), **WITH)),
    ("no image in a result", PIXTRAL, body(*TURN, user(result(IMAGE)), **WITH)),
    ("no document in a result", QWEN, body(*TURN, user(result(TEXT_FILE)), **WITH)),
    ("no cache points", LLAMA, body(user(text(), POINT))),
    ("Nova caches no tools", NOVA, body(tools=[tool(), POINT])),
    ("Nova takes no ttl", NOVA, body(user(text(), HOUR))),
    ("at most four cache points", CLAUDE, body(user(*[text(), POINT] * 5))),
    ("an hour comes before five minutes", CLAUDE, body(user(text(), POINT, text(), HOUR))),
    ("no temperature", OPUS, body(inferenceConfig={"temperature": 0.5})),
    ("one of temperature and topP", CLAUDE, body(inferenceConfig={"temperature": 1, "topP": 0.5})),
    ("stop sequences are not blank", CLAUDE, body(inferenceConfig={"stopSequences": ["\n"]})),
    (
        "a thinking budget of 1,024 at least",
        CLAUDE,
        body(additionalModelRequestFields={"thinking": {"type": "enabled", "budget_tokens": 1000}}),
    ),
    (
        "the budget is below maxTokens",
        CLAUDE,
        body(additionalModelRequestFields=THINK, inferenceConfig={"maxTokens": 2048}),
    ),
    (
        "temperature is 1 while thinking",
        CLAUDE,
        body(additionalModelRequestFields=THINK, inferenceConfig={"temperature": 0}),
    ),
    (
        "no forced tool while thinking",
        CLAUDE,
        body(additionalModelRequestFields=THINK, **WITH, choice={"any": {}}),
    ),
    ("thinking is not sent back", R1, body(user(), assistant(thought(), text()), user())),
    ("thinking is signed", CLAUDE, body(user(), assistant(thought(), text()), user())),
    (
        "the signature is genuine",
        CLAUDE,
        body(user(), assistant(thought(signature="reasoning_content"), text()), user()),
    ),
]

LEGAL = {
    "Claude may begin": (CLAUDE, body(assistant(), user())),
    "Claude continues its own words": (CLAUDE, body(user(), assistant())),
    "turns of one role follow each other": (NOVA, body(user(), user())),
    "results in several messages of one turn": (
        CLAUDE,
        body(
            user(),
            assistant(call("a"), call("b")),
            user(result(id_="a")),
            user(result(id_="b")),
            **WITH,
        ),
    ),
    "a bare line break beside other text": (CLAUDE, body(user(text(), text("\n")))),
    "four cache points": (CLAUDE, body(user(*[text(), POINT] * 4))),
    "an hour before five minutes": (CLAUDE, body(user(text(), HOUR, text(), POINT))),
    "Nova caches the system prompt": (NOVA, body(system=[text(), POINT])),
    "Nova sees text documents in results": (NOVA, body(*TURN, user(result(TEXT_FILE)), **WITH)),
    "an underscore in a document's name": (
        CLAUDE,
        body(user(text(), {"document": {**PDF["document"], "name": "a_report"}})),
    ),
    "a temperature": (CLAUDE, body(inferenceConfig={"temperature": 0})),
    "thinking with a budget": (CLAUDE, body(additionalModelRequestFields=THINK)),
    "a foundation model on demand": (QWEN, body()),
    "an application profile": (
        "arn:aws:bedrock:us-east-1:111122223333:application-inference-profile/a1b2c3d4e5f6",
        body(),
    ),
}


@pytest.fixture(scope="module")
def judge():
    with Emulator() as emulator:
        yield emulator


def ask(emulator, model_id, request, operation="converse-stream"):
    url = f"{emulator.url}/model/{quote(model_id, safe='')}/{operation}"
    with urllib3.PoolManager() as pool:
        return pool.request("POST", url, body=json.dumps(request))


@pytest.mark.parametrize(("name", "model_id", "request_"), BREACHES, ids=[b[0] for b in BREACHES])
def test_a_breach_is_refused(judge, name, model_id, request_):
    answer = ask(judge, model_id, request_)

    assert judge.requests[-1].rule == name
    assert answer.status in (400, 403)
    assert answer.json()["message"] == judge.requests[-1].message


@pytest.mark.parametrize("case", LEGAL, ids=str)
def test_what_is_legal_is_not_refused(judge, case):
    answer = ask(judge, *LEGAL[case])

    assert answer.status == 200, answer.data


def test_every_rule_is_broken_by_a_case_here():
    counted = {"tokens are counted under a bare Claude id"}

    assert {rule.name for rule in RULES} - counted == {name for name, *_ in BREACHES}


def test_every_rule_says_how_it_is_known_and_for_whom():
    for rule in RULES:
        assert rule.source
        assert isinstance(rule.evidence, Evidence)
        assert set(rule.families) | set(rule.but) <= set(FAMILIES)


def test_tokens_are_counted_under_a_bare_claude_id_only(judge):
    request = {"input": {"converse": body()}}
    bare = CLAUDE.removeprefix("us.")

    assert ask(judge, bare, request, "count-tokens").json()["inputTokens"] > 0
    for other in (CLAUDE, "amazon.nova-lite-v1:0"):
        refused = ask(judge, other, request, "count-tokens")
        assert refused.json()["message"] == "The provided model doesn't support counting tokens."


def test_the_signature_that_it_issued_is_genuine(judge):
    judge.answer([Thinking("hm", "not-base64!")])
    ask(judge, CLAUDE, body())

    said = assistant(thought(signature="not-base64!"), text())

    assert ask(judge, CLAUDE, body(user(), said, user())).status == 200


def test_prompt_caching_is_refused_as_a_lack_of_access(judge):
    answer = ask(judge, LLAMA, body(user(text(), POINT)))

    assert answer.status == 403
    assert answer.headers["x-amzn-errortype"].startswith("AccessDeniedException")


@pytest.mark.parametrize(
    ("region", "model_id", "status"),
    [
        ("eu-west-1", "eu.amazon.nova-lite-v1:0", 200),
        ("eu-west-1", "us.amazon.nova-lite-v1:0", 400),
        ("us-west-2", "us.amazon.nova-lite-v1:0", 200),
        ("ap-northeast-1", "global.anthropic.claude-sonnet-4-5-20250929-v1:0", 200),
        ("ap-northeast-1", "jp.anthropic.claude-sonnet-4-5-20250929-v1:0", 200),
        ("sa-east-1", "us.amazon.nova-lite-v1:0", 400),
    ],
)
def test_a_profile_is_known_only_in_the_regions_of_its_geography(
    judge, client_of, region, model_id, status
):
    client = client_of(judge, region_name=region)
    with suppress(client.exceptions.ValidationException):
        client.converse(modelId=model_id, messages=[user()])

    assert judge.requests[-1].status == status
    assert judge.requests[-1].rule == (None if status == 200 else "the model exists")
