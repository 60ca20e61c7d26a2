"""Citations, search results, guarded content and fetched media, on every wire and between wires."""

import json

import pytest

from modelwire import AssistantMessage, Context, Runtime, Tool, UserMessage
from modelwire.errors import InvalidMessage
from modelwire.hookspecs import CompletionOptions
from modelwire.messages import (
    Citation,
    File,
    GuardContent,
    MediaUrl,
    SearchResult,
    Text,
    ToolCall,
    ToolResultMessage,
)
from modelwire.messages.codec import context_from_json, context_to_json
from modelwire.models import Model
from modelwire_anthropic.messages.request import build_request as build_messages
from modelwire_bedrock.converse.request import build_request as build_converse
from modelwire_bedrock.emulator import Answer, Emulator
from modelwire_bedrock.emulator import Citation as WireCitation
from modelwire_bedrock.emulator import Text as WireText
from modelwire_openai.completions.request import build_request as build_completions
from modelwire_openai.responses.request import build_request as build_responses

CLAUDE = "us.anthropic.claude-sonnet-4-6"
WIRES = {
    "converse": (build_converse, Model("amazon-bedrock", CLAUDE)),
    "converse-nova": (build_converse, Model("amazon-bedrock", "us.amazon.nova-lite-v1:0")),
    "messages": (build_messages, Model("anthropic", "claude-sonnet-4-6")),
    "responses": (build_responses, Model("openai", "gpt-5.5")),
    "completions": (build_completions, Model("openai", "gpt-5.5")),
}
PDF = File(b"%PDF-1", "application/pdf", "Report", citations=True, context="Of May.")
FOUND = SearchResult("https://a.example", "A", ["It rains.", "It pours."], citations=True)
IN_S3 = MediaUrl("s3://a-bucket/a.pdf", "application/pdf", "Report", owner="123456789012")
ON_THE_WEB = MediaUrl("https://a.example/a.png", "image/png")
GUARDED = GuardContent("My secret", ["query"])
OF_PDF = Citation("document", "Report", None, "Rain.", 0, "page", 1, 2)
OF_FOUND = Citation("search_result", "A", "https://a.example", "It rains.", 0, "chunk", 0, 1)
OF_WEB = Citation("web", "W", "https://w.example", "Wet.", text_start=0, text_end=3, signature="e")


def build(wire, *messages):
    """The body of a request, and the places of what was changed in it."""
    make, model = WIRES[wire]
    request = make(model, Context(list(messages)), CompletionOptions(cache_retention="none"))
    return request.payload, {change.path: change.kind for change in request.changes}


def sent(wire, *blocks):
    """The blocks of the one message, and what was changed."""
    payload, changes = build(wire, UserMessage([Text("Look."), *blocks]))
    turn = payload["input" if wire == "responses" else "messages"][-1]
    return turn["content"][1:], changes


def test_a_document_that_may_be_cited():
    [document], changes = sent("converse", PDF)
    assert document["document"]["citations"] == {"enabled": True}
    assert document["document"]["context"] == "Of May."
    [document], more = sent("messages", PDF)
    assert document["citations"] == {"enabled": True}
    assert document["context"] == "Of May."
    assert not changes | more


@pytest.mark.parametrize("wire", ["converse-nova", "responses", "completions"])
def test_elsewhere_what_is_said_of_citations_is_dropped_and_recorded(wire):
    [document], changes = sent(wire, PDF)
    assert "citations" not in json.dumps(document, default=repr)
    at = "messages[0].content[1]"
    assert changes == {f"{at}.citations": "dropped", f"{at}.context": "dropped"}


def test_a_search_result():
    texts = [{"text": "It rains."}, {"text": "It pours."}]
    common = {"source": "https://a.example", "title": "A", "citations": {"enabled": True}}
    assert sent("converse", FOUND) == ([{"searchResult": {**common, "content": texts}}], {})
    typed = [{"type": "text", **text} for text in texts]
    whole = {"type": "search_result", **common, "content": typed}
    assert sent("messages", FOUND) == ([whole], {})


@pytest.mark.parametrize("wire", ["converse-nova", "responses", "completions"])
def test_elsewhere_a_search_result_is_text(wire):
    [part], changes = sent(wire, FOUND)
    assert part["text"] == "A\nhttps://a.example\n\nIt rains.\nIt pours."
    assert changes == {"messages[0].content[1]": "rewritten"}


@pytest.mark.parametrize("wire", ["converse", "converse-nova"])
def test_guarded_content_is_for_bedrock(wire):
    guarded = {"guardContent": {"text": {"text": "My secret", "qualifiers": ["query"]}}}
    assert sent(wire, GUARDED) == ([guarded], {})


@pytest.mark.parametrize("wire", ["messages", "responses", "completions"])
def test_elsewhere_guarded_content_is_plain(wire):
    [part], changes = sent(wire, GUARDED)
    assert part["text"] == "My secret"
    assert changes == {"messages[0].content[1]": "rewritten"}


def test_media_in_s3():
    [block], changes = sent("converse-nova", IN_S3)
    location = {"uri": "s3://a-bucket/a.pdf", "bucketOwner": "123456789012"}
    assert block["document"] == {
        "format": "pdf",
        "name": "Report",
        "source": {"s3Location": location},
    }
    assert not changes


def test_claude_takes_a_document_in_s3_in_a_tool_result_only():
    call = AssistantMessage([ToolCall("call_1", "look", {})], "amazon-bedrock", CLAUDE)
    result = ToolResultMessage("call_1", "look", [IN_S3])
    make, model = WIRES["converse"]
    context = Context([UserMessage("Look."), call, result], tools=[Tool("look")])
    request = make(model, context, CompletionOptions(cache_retention="none"))
    [block] = request.payload["messages"][-1]["content"][0]["toolResult"]["content"]
    assert "s3Location" in block["document"]["source"]

    with pytest.raises(InvalidMessage, match="from Amazon S3") as caught:
        sent("converse", IN_S3)
    assert caught.value.problems[0].path == "messages[0].content[1].url"
    earlier = UserMessage([Text("Look."), IN_S3])
    payload, changes = build(
        "converse", earlier, AssistantMessage("No.", "x", "y"), UserMessage("?")
    )
    assert "s3" not in json.dumps(payload)
    assert changes == {"messages[0].content[1]": "rewritten"}


@pytest.mark.parametrize("wire", ["messages", "responses", "completions"])
def test_media_on_the_web_are_fetched_by_the_service(wire):
    [part], changes = sent(wire, ON_THE_WEB)
    assert "https://a.example/a.png" in json.dumps(part)
    assert not changes


@pytest.mark.parametrize("wire", ["messages", "responses", "completions"])
def test_media_that_the_service_cannot_fetch_are_recorded(wire):
    [part], changes = sent(wire, IN_S3)
    assert part["text"] == "(document omitted: the service cannot fetch it)"
    assert changes == {"messages[0].content[1]": "rewritten"}


def conversation(provider, model, api, *citations):
    answer = AssistantMessage([Text("Wet.", citations=citations)], provider, model, api=api)
    return UserMessage([PDF, FOUND, Text("Weather?")]), answer, UserMessage("Sure?")


@pytest.mark.parametrize("wire", ["converse", "messages"])
@pytest.mark.parametrize(
    ("provider", "model", "api"),
    [
        ("amazon-bedrock", CLAUDE, "bedrock-converse-stream"),
        ("anthropic", "claude-sonnet-4-6", "anthropic-messages"),
    ],
)
def test_citations_of_the_request_go_from_wire_to_wire(wire, provider, model, api):
    said = conversation(provider, model, api, OF_PDF, OF_FOUND)
    payload, changes = build(wire, *said)
    [block] = payload["messages"][1]["content"]
    if wire == "messages":
        assert [cited["type"] for cited in block["citations"]] == [
            "page_location",
            "search_result_location",
        ]
    else:
        assert [list(c["location"]) for c in block["citationsContent"]["citations"]] == [
            ["documentPage"],
            ["searchResultLocation"],
        ]
    assert not changes


@pytest.mark.parametrize("wire", list(WIRES))
def test_what_a_wire_cannot_cite_is_dropped_and_recorded(wire):
    beyond = Citation("document", "Other", None, "x", 7, "page", 1, 2)
    said = conversation("acme", "m-1", None, beyond)
    payload, changes = build(wire, *said)
    assert "Other" not in json.dumps(payload, default=repr)
    assert changes["messages[1].content[0].citations"] == "dropped"


def test_a_web_page_is_cited_where_its_proof_is_known():
    own = conversation("anthropic", "claude-sonnet-4-6", "anthropic-messages", OF_WEB)
    payload, changes = build("messages", *own)
    [cited] = payload["messages"][1]["content"][0]["citations"]
    assert cited["encrypted_index"] == "e"
    assert not changes
    payload, changes = build("responses", *own)
    [annotation] = payload["input"][1]["content"][0]["annotations"]
    assert annotation["url"] == "https://w.example"
    foreign = conversation("openai", "gpt-5.5", "openai-responses", OF_WEB)
    assert "citations" not in build("messages", *foreign)[0]["messages"][1]["content"][0]


def test_citations_survive_a_session_file():
    context = Context([*conversation("acme", "m", None, OF_PDF, OF_WEB), UserMessage([GUARDED])])
    assert context_from_json(json.loads(json.dumps(context_to_json(context)))) == context


async def test_an_answer_with_citations_goes_back_to_the_emulator(tmp_path):
    cited = {
        "title": "Report",
        "sourceContent": [{"text": "Rain."}],
        "location": {"documentPage": {"documentIndex": 0, "start": 1, "end": 2}},
    }
    with Emulator(require_auth=True) as emulator:
        environ = {"HOME": str(tmp_path), "AWS_EC2_METADATA_DISABLED": "true", **emulator.environ()}
        async with Runtime.from_config({}, environ=environ, cache_directory=tmp_path) as runtime:
            emulator.answer(Answer([WireText("Wet."), WireCitation(cited)]))
            context = Context([UserMessage([PDF, Text("Weather?")])])
            answer = await runtime.complete(context, model=f"amazon-bedrock/{CLAUDE}")
            assert answer.citations == [OF_PDF]
            context.messages += [answer, UserMessage("Sure?")]
            emulator.answer("Yes.")
            await runtime.complete(context, model=f"amazon-bedrock/{CLAUDE}")
        [block] = emulator.requests[-1].body["messages"][1]["content"]
    assert block["citationsContent"]["citations"] == [cited]
