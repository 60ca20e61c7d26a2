"""Fields that Converse has and modelwire has no word for, from the call to the wire."""

import pytest

from modelwire.messages import Tool, UserMessage

SONNET = "us.anthropic.claude-sonnet-4-6"
NOVA = "us.amazon.nova-2-lite-v1:0"
READ = Tool("read", "Read a file.", {"type": "object", "properties": {"path": {"type": "string"}}})
GUARDED = {"guardContent": {"text": {"text": "Is it?", "qualifiers": ["query"]}}}
SOUND = {"s3Location": {"uri": "s3://bucket/film.mp4"}}
FILM = {"video": {"format": "mp4", "source": SOUND}}
CITED = {
    "document": {
        "format": "txt",
        "name": "notes",
        "source": {"text": "The sky is blue."},
        "context": "Notes of an artist.",
        "citations": {"enabled": True},
    }
}
FOUND = {
    "searchResult": {
        "source": "https://example.com/a",
        "title": "A",
        "content": [{"text": "The sky is blue."}],
        "citations": {"enabled": True},
    }
}
ADDED = {"role": "system", "content": [{"text": "Now be brief."}]}


@pytest.mark.parametrize(
    ("model", "block"),
    [(SONNET, GUARDED), (SONNET, CITED), (SONNET, FOUND), (NOVA, FILM)],
    ids=["guardContent", "document", "searchResult", "s3Location"],
)
async def test_a_content_block_is_sent_as_it_was_given(ask, sent, model, block):
    answer = await ask(model, params={"content": [block]})
    assert block in sent()[0]["messages"][0]["content"]
    assert "options.params.content" in [item.get("path") for item in answer.diagnostics]


@pytest.mark.parametrize(
    ("model", "params", "field", "value"),
    [
        (SONNET, {"projectIdentifier": "p-1"}, "projectIdentifier", "p-1"),
        (SONNET, {"effort": "low"}, "outputConfig", {"effort": "low"}),
        (SONNET, {"requestMetadata": {"team": "red"}}, "requestMetadata", {"team": "red"}),
        (
            SONNET,
            {"performanceConfig": {"latency": "optimized"}},
            "performanceConfig",
            {"latency": "optimized"},
        ),
        (SONNET, {"serviceTier": "priority"}, "serviceTier", {"type": "priority"}),
        (SONNET, {"serviceTier": "flex"}, "serviceTier", {"type": "flex"}),
        (SONNET, {"serviceTier": "reserved"}, "serviceTier", {"type": "reserved"}),
        (
            SONNET,
            {"promptVariables": {"a": {"text": "b"}}},
            "promptVariables",
            {"a": {"text": "b"}},
        ),
        (
            SONNET,
            {"converse": {"additionalModelRequestFields": {"top_k": 5}}},
            "additionalModelRequestFields",
            {"top_k": 5},
        ),
        (
            NOVA,
            {"systemTools": ["nova_grounding"]},
            "toolConfig",
            {"tools": [{"systemTool": {"name": "nova_grounding"}}]},
        ),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else None,
)
async def test_a_parameter_of_converse_is_sent(ask, sent, model, params, field, value):
    await ask(model, params=params)
    assert sent()[0][field] == value


async def test_a_system_tool_is_beside_the_tools_of_the_call(ask, sent):
    await ask(NOVA, tools=[READ], params={"systemTools": ["nova_grounding"]})
    tools = sent()[0]["toolConfig"]["tools"]
    assert [next(iter(tool)) for tool in tools] == ["toolSpec", "systemTool"]


async def test_guarded_parts_of_the_system_prompt_are_added_to_it(ask, sent):
    guarded = {"guardContent": {"text": {"text": "Facts.", "qualifiers": ["grounding_source"]}}}
    answer = await ask(SONNET, system="Be brief.", params={"converse": {"system": [guarded]}})
    system = sent()[0]["system"]
    assert system[0] == {"text": "Be brief."}
    assert system[-1] == guarded
    assert "options.params.converse.system" in [item.get("path") for item in answer.diagnostics]


async def test_a_passage_says_the_messages_themselves(ask, sent):
    """So instructions in mid-conversation have a way in, and tools that come and go with them."""
    spoken = [
        {"role": "user", "content": [{"text": "Go."}]},
        ADDED,
        {"role": "user", "content": [{"text": "On."}]},
    ]
    answer = await ask(
        "us.anthropic.claude-opus-5",
        [UserMessage("Go.")],
        params={"converse": {"messages": spoken}},
    )
    assert sent()[0]["messages"] == spoken
    assert "options.params.converse.messages" in [item.get("path") for item in answer.diagnostics]


async def test_labels_of_each_call_are_those_of_its_own(ask, sent):
    for team in ("red", "blue"):
        await ask(SONNET, params={"requestMetadata": {"team": team}})
    assert [body["requestMetadata"] for body in sent()] == [{"team": "red"}, {"team": "blue"}]


@pytest.mark.parametrize("name", ["colour", "guardContent"])
async def test_an_unknown_parameter_is_recorded(ask, name):
    answer = await ask(SONNET, params={name: "x"})
    assert f"options.params.{name}" in [item.get("path") for item in answer.diagnostics]


async def test_the_tokens_of_a_request_are_counted_by_the_service(emulator, runtime_of):
    async with runtime_of({"region": "us-east-1"}) as runtime:
        counted = await runtime.count_tokens("Hello", model=f"amazon-bedrock/{SONNET}")
    assert counted > 0
    assert emulator.requests[-1].operation == "CountTokens"
