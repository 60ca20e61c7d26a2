"""The schema of a type as it is sent: every service takes it as it is, and can hold a model to it."""

import json
from dataclasses import dataclass, field

import pytest

from modelwire import Runtime
from modelwire.tools.schemas import describe_answer


@dataclass
class Place:
    city: str
    country: str | None = None


@dataclass
class Trip:
    """A trip.

    Attributes:
        stops: Where it goes.
    """

    stops: list[Place] = field(default_factory=list)
    days: int = 1


SCHEMA = describe_answer(Trip)
ENVIRON = {
    "OPENAI_API_KEY": "sk-none",
    "ANTHROPIC_API_KEY": "sk-none",
    "AWS_ACCESS_KEY_ID": "none",
    "AWS_SECRET_ACCESS_KEY": "none",
    "AWS_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
}
RESPONSES = {"models": {"providers": {"openai": {"api": "openai-responses"}}}}
COMPLETIONS = {"models": {"providers": {"openai": {"api": "openai-completions"}}}}
CLAUDE = "claude-haiku-4-5-20251001"


def bedrock_schema(body):
    return json.loads(body["outputConfig"]["textFormat"]["structure"]["jsonSchema"]["schema"])


@pytest.mark.parametrize(
    ("model", "document", "schema_in"),
    [
        ("openai/gpt-5", RESPONSES, lambda body: body["text"]["format"]["schema"]),
        (
            "openai/gpt-5",
            COMPLETIONS,
            lambda body: body["response_format"]["json_schema"]["schema"],
        ),
        (f"anthropic/{CLAUDE}", {}, lambda body: body["output_config"]["format"]["schema"]),
        (f"bedrock/us.anthropic.{CLAUDE}-v1:0", {}, bedrock_schema),
    ],
    ids=["responses", "completions", "messages", "converse"],
)
async def test_the_schema_of_a_type_is_sent_unchanged(model, document, schema_in):
    async with Runtime.from_config(document, environ=ENVIRON) as runtime:
        shown = await runtime.dry_run("Where to?", model=model, response_schema=Trip)
    body = json.loads(shown.request.body)
    assert schema_in(body) == SCHEMA
    assert [each for each in shown.changes if "response_schema" in json.dumps(each)] == []
    if model.startswith("openai"):
        strict = body.get("text", {}).get("format") or body["response_format"]["json_schema"]
        assert strict["strict"] is True
