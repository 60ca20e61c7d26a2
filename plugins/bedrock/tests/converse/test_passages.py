"""Everything that Converse takes can be sent, and what is sent as given is recorded."""

import pytest

from modelwire.errors import InvalidRequest
from modelwire.messages import AssistantMessage, Tool, UserMessage

CLAUDE = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
NOVA = "us.amazon.nova-2-lite-v1:0"


def sent(build, model=CLAUDE, *, tools=(), system=None, **params):
    return build(model=model, tools=tools, system=system, cache_retention="none", params=params)


def paths(request):
    return [change.path for change in request.changes]


S3 = {"s3Location": {"uri": "s3://bucket/a.pdf"}}
BLOCKS = [
    {"guardContent": {"text": {"text": "The sky is blue.", "qualifiers": ["grounding_source"]}}},
    {
        "document": {
            "format": "pdf", "name": "a", "source": S3, "citations": {"enabled": True}, "context": "x",
        }
    },
    {
        "searchResult": {
            "source": "https://example.com", "title": "T", "content": [{"text": "t"}],
            "citations": {"enabled": True},
        }
    },
    {"image": {"format": "png", "source": S3}},
]  # fmt: skip


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: next(iter(block)))
def test_content_of_any_kind_joins_the_last_message(build, block):
    request = sent(build, content=[block])
    assert request.payload["messages"][-1]["content"] == [{"text": "hi"}, block]
    assert paths(request) == ["options.params.content"]


def test_content_needs_a_last_message_of_the_user(build):
    history = [UserMessage("hi"), AssistantMessage("So", "amazon-bedrock", CLAUDE)]
    with pytest.raises(InvalidRequest, match="last message"):
        build(history, CLAUDE, params={"content": [BLOCKS[0]]})


@pytest.mark.parametrize("wrong", ["text", {"a": 1}, ["text"]])
def test_content_is_a_list_of_blocks(build, wrong):
    with pytest.raises(InvalidRequest, match=r"params\.content"):
        sent(build, content=wrong)


def test_tools_of_the_service_stand_beside_others(build):
    request = sent(build, NOVA, tools=[Tool("look")], systemTools=["nova_grounding"])
    assert [list(tool) for tool in request.payload["toolConfig"]["tools"]] == [
        ["toolSpec"], ["systemTool"],
    ]  # fmt: skip
    alone = sent(build, NOVA, systemTools=["nova_grounding"])
    assert alone.payload["toolConfig"] == {"tools": [{"systemTool": {"name": "nova_grounding"}}]}


def test_project_and_effort_have_a_place(build):
    request = sent(build, projectIdentifier="p-1", effort="low")
    assert request.payload["projectIdentifier"] == "p-1"
    assert request.payload["outputConfig"] == {"effort": "low"}
    assert "ignored" not in [change.kind for change in request.changes]


def test_the_raw_passage_is_merged_last_and_recorded(build):
    request = build(
        model=CLAUDE,
        system="Be brief.",
        temperature=0.5,
        max_tokens=9,
        cache_retention="none",
        params={
            "converse": {
                "inferenceConfig": {"temperature": 0.1, "maxTokens": None},
                "system": [{"guardContent": {"text": {"text": "g"}}}],
                "projectIdentifier": "p",
                "modelId": "other",
            }
        },
    )
    assert request.payload["inferenceConfig"] == {"temperature": 0.1}
    assert request.payload["system"] == [
        {"text": "Be brief."}, {"guardContent": {"text": {"text": "g"}}},
    ]  # fmt: skip
    assert request.payload["projectIdentifier"] == "p"
    assert request.payload["modelId"] == CLAUDE
    assert {
        f"options.params.converse.{key}" for key in ("inferenceConfig", "system", "modelId")
    } <= set(paths(request))


@pytest.mark.parametrize("params", [{"converse": []}, {"systemTools": "x"}, {"effort": 1}])
def test_a_passage_of_a_wrong_type_is_an_error(build, params):
    with pytest.raises(InvalidRequest, match=r"options\.params\."):
        sent(build, **params)


@pytest.mark.parametrize(
    ("name", "meant"), [("guardrailConfg", "guardrailConfig"), ("converze", "converse")]
)
def test_a_misspelled_parameter_is_reported_with_the_likely_one(build, name, meant):
    [change] = sent(build, **{name: {}}).changes
    assert change.kind == "ignored"
    assert repr(meant) in change.reason
