"""The table of rules: each row is broken once, and kept by what the recordings show to be legal."""

import base64
import json
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote

import pytest
import urllib3
from bedrock_rule_cases import (
    ANY,
    BREACHES,
    CLAIMS,
    CLAUDE,
    FORMAT,
    LEGAL,
    LLAMA,
    MISTRAL,
    NOVA,
    OPUS,
    POINT,
    WITH,
    assistant,
    body,
    result,
    text,
    thought,
    tool,
    user,
)
from botocore.config import Config
from botocore.exceptions import ClientError

import modelwire_bedrock
from modelwire_bedrock.emulator import Emulator, EmulatorError, Thinking, ToolUse, load_catalogue
from modelwire_bedrock.emulator.hosted import hosted_model, hosted_rows
from modelwire_bedrock.emulator.rules import FAMILIES, RULES, Evidence


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


def with_blobs(value):
    """A body as boto3 takes it: blobs are bytes."""
    if isinstance(value, dict):
        blobs = {"bytes": base64.b64decode}
        return {key: blobs.get(key, with_blobs)(item) for key, item in value.items()}
    return [with_blobs(item) for item in value] if isinstance(value, list) else value


@pytest.mark.parametrize(("name", "model_id", "request_"), BREACHES, ids=[b[0] for b in BREACHES])
def test_boto3_sees_the_refusal(session, judge, name, model_id, request_):
    client = session.client(
        "bedrock-runtime",
        endpoint_url=judge.url,
        region_name="us-east-1",
        aws_access_key_id="AKIDEXAMPLE",
        aws_secret_access_key="secret",
        config=Config(parameter_validation=False, retries={"total_max_attempts": 1}),
    )
    with pytest.raises(ClientError) as caught:
        client.converse_stream(modelId=model_id, **with_blobs(request_))
    client.close()

    refused = judge.requests[-1]
    assert refused.rule == name
    assert caught.value.response["Error"] == {"Code": refused.error, "Message": refused.message}


@pytest.mark.parametrize("case", LEGAL, ids=str)
def test_what_is_legal_is_not_refused(judge, case):
    answer = ask(judge, *LEGAL[case])

    assert answer.status == 200, answer.data


@pytest.mark.parametrize(("model_id", "request_", "words"), CLAIMS)
def test_each_release_has_its_own_rules(judge, model_id, request_, words):
    answer = ask(judge, model_id, request_)

    assert answer.status == (200 if words is None else answer.status), answer.data
    if words is not None:
        assert answer.status in (400, 403)
        assert words in answer.json()["message"]


def test_rules_can_be_switched_off_by_name():
    with Emulator(skip_rules=["outputConfig is accepted by all reports"]) as emulator:
        assert ask(emulator, OPUS, body(**FORMAT)).status == 200
        assert ask(emulator, NOVA, body(**FORMAT)).status == 400


@pytest.mark.parametrize("scripted", [True, False])
def test_a_made_up_id_can_be_sent_back(judge, scripted):
    offered = {"tools": [tool()], "choice": None if scripted else ANY}
    if scripted:
        judge.answer(ToolUse("look"))
    answer = ask(judge, MISTRAL, body(**offered), "converse").json()
    [made] = answer["output"]["message"]["content"]
    turn = assistant(made), user(result(id_=made["toolUse"]["toolUseId"]))

    assert ask(judge, MISTRAL, body(user(), *turn, **WITH)).status == 200


def test_a_rule_that_does_not_exist_cannot_be_switched_off():
    with pytest.raises(EmulatorError, match="there is no rule 'outputConfig is acepted'"):
        Emulator(skip_rules=["outputConfig is acepted"])


def test_the_verdicts_share_nothing_with_the_client_side():
    """Another table of the same models would make a mistake in it invisible."""
    code = """
import sys
from modelwire_bedrock.emulator.service import Service
from modelwire_bedrock.emulator.rules import RULES
from modelwire_bedrock.emulator.hosted import hosted_rows
from modelwire_bedrock.emulator.catalogue import load_catalogue
hosted_rows(), load_catalogue()
own = "modelwire_bedrock.emulator"
print(*[n for n in sys.modules if n.startswith("modelwire_bedrock.") and not n.startswith(own)])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    # Frames are written as the gateway writes them; the client side has a decoder of its own.
    written = {"modelwire_bedrock.served", "modelwire_bedrock.served.frames"}
    assert set(done.stdout.split()) <= written
    client = Path(modelwire_bedrock.__file__).parent
    beside = ("emulator", "served")
    reads = [path for path in client.rglob("*.py") if not set(beside) & set(path.parts)]
    uses = {path.name for path in reads if "served.frames" in path.read_text()}
    assert uses == {"testing.py"}, "the client side must not write frames as the emulator does"


def test_every_row_of_the_hosted_models_says_how_it_is_known():
    ids = [*load_catalogue().models, *load_catalogue().mantle]
    for row in hosted_rows():
        assert row.source
        assert row.evidence in set(Evidence)
        assert any(hosted_model(id_) is row for id_ in ids) or "-[1-9]" in row.match, row.match


def test_every_rule_is_broken_by_a_case_here():
    elsewhere = {
        "tokens are counted under a bare Claude id",
        "an id with a version takes the older anthropic_version",
    }

    assert {rule.name for rule in RULES} - elsewhere == {name for name, *_ in BREACHES}


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
        ("ap-south-1", "in.anthropic.claude-sonnet-5", 200),
        ("ap-south-1", "in.anthropic.claude-opus-5-5", 400),
        ("ap-southeast-1", "global.anthropic.claude-opus-5-5", 200),
        ("us-west-1", "us.anthropic.claude-opus-5-5", 200),
        ("ca-central-1", "us.anthropic.claude-opus-5-5", 200),
        ("ca-central-1", "us.amazon.nova-pro-v1:0", 400),
        ("ca-central-1", "ca.amazon.nova-lite-v1:0", 200),
        ("eu-west-2", "eu.anthropic.claude-sonnet-5-5", 200),
        ("us-east-1", "openai.gpt-6-sol", 400),
        ("us-east-1", "us.zai.glm-5.3", 200),
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
    bare = model_id == "openai.gpt-6-sol"
    broken = "it can be called on demand" if bare else "the model exists"
    assert judge.requests[-1].rule == (None if status == 200 else broken)
