"""Documents, films and sounds, as each family takes them."""

from __future__ import annotations

import pytest

from modelwire.errors import InvalidMessage
from modelwire.messages import (
    AssistantMessage,
    File,
    Image,
    Text,
    Tool,
    ToolCall,
    ToolResultMessage,
    UserMessage,
)
from modelwire.models import Model
from modelwire_bedrock.emulator.catalogue import load_catalogue
from modelwire_bedrock.emulator.checks.request import CheckedRequest
from modelwire_bedrock.emulator.rules import broken_rule

CLAUDE = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
NOVA = "us.amazon.nova-2-lite-v1:0"
MICRO = "us.amazon.nova-micro-v1:0"
LLAMA = "us.meta.llama4-maverick-17b-instruct-v1:0"
PIXTRAL = "us.mistral.pixtral-large-2502-v1:0"
QWEN = "qwen.qwen3-32b-v1:0"
VOXTRAL = "mistral.voxtral-small-24b-2507"
UNHEARD_OF = "acme.unheard-of-v1:0"

READ = Tool("read", "Reads a file.")
PDF = File(b"%PDF", "application/pdf", "Report")
NOTES = File(b"notes", "text/plain", "Notes")
FILM = File(b"film", "video/mp4")
SOUND = File(b"sound", "audio/wav")
PNG = Image(b"png", "image/png")

OFFICE = "application/vnd.openxmlformats-officedocument"


def document(name="Report", form="pdf", data=b"%PDF"):
    return {"document": {"format": form, "name": name, "source": {"bytes": data}}}


def after_a_tool(*returned, then=(), **rest):
    messages = [
        UserMessage("go"),
        AssistantMessage([ToolCall("a", "read", {})], "amazon-bedrock", "m"),
        ToolResultMessage("a", "read", list(returned), **rest),
    ]
    return [*messages, UserMessage(list(then))] if then else messages


def turns(request):
    """The roles after the first two turns, and what kinds of blocks they hold."""
    return [
        (message["role"], [next(iter(block)) for block in message["content"]])
        for message in request.payload["messages"][2:]
    ]


def inside(request):
    return request.payload["messages"][2]["content"][0]["toolResult"]["content"]


def sent(build, *content, model=CLAUDE, **rest):
    """What is sent of one user message."""
    rest = {"cache_retention": "none", **rest}
    request = build([UserMessage(list(content))], model, **rest)
    return request.payload["messages"][0]["content"]


def names(build, *wanted, model=CLAUDE):
    files = [File(b"x", "text/plain", name) for name in wanted]
    blocks = sent(build, Text("look"), *files, model=model)
    return [block["document"]["name"] for block in blocks[1:]]


def changed(request):
    return {(change.kind, change.path) for change in request.changes}


class TestFormats:
    @pytest.mark.parametrize(
        ("mime_type", "form"),
        [
            ("application/pdf", "pdf"),
            ("text/csv", "csv"),
            ("application/msword", "doc"),
            (f"{OFFICE}.wordprocessingml.document", "docx"),
            ("application/vnd.ms-excel", "xls"),
            (f"{OFFICE}.spreadsheetml.sheet", "xlsx"),
            ("text/html", "html"),
            ("TEXT/PLAIN; charset=utf-8", "txt"),
            ("text/markdown", "md"),
        ],
    )
    def test_documents_have_the_formats_of_the_service(self, build, mime_type, form):
        blocks = sent(build, Text("look"), File(b"x", mime_type, "Notes"))
        assert blocks[1] == document("Notes", form, b"x")

    @pytest.mark.parametrize(
        ("mime_type", "form"),
        [
            ("video/mp4", "mp4"),
            ("video/webm", "webm"),
            ("video/quicktime", "mov"),
            ("video/x-matroska", "mkv"),
            ("video/3gpp", "three_gp"),
        ],
    )
    def test_so_have_films(self, build, mime_type, form):
        assert sent(build, Text("look"), File(b"x", mime_type, "a.b"), model=NOVA)[1] == {
            "video": {"format": form, "source": {"bytes": b"x"}}
        }

    @pytest.mark.parametrize(
        ("mime_type", "form"),
        [("audio/mpeg", "mp3"), ("audio/x-wav", "wav"), ("audio/ogg", "ogg"), ("audio/mp4", "mp4")],
    )
    def test_and_sounds(self, build, mime_type, form):
        assert sent(build, Text("listen"), File(b"x", mime_type), model=VOXTRAL)[1] == {
            "audio": {"format": form, "source": {"bytes": b"x"}}
        }

    @pytest.mark.parametrize(
        ("mime_type", "hint"),
        [
            ("application/zip", "PDF"),
            ("text/x-python", "text/plain"),
            ("", "PDF"),
            ("video/ogg", "MP4"),
            ("audio/midi", "WAV"),
        ],
    )
    def test_another_kind_is_refused_with_its_place_and_what_to_do(self, build, mime_type, hint):
        file = File(b"x", mime_type)
        with pytest.raises(InvalidMessage) as caught:
            build([UserMessage("hi"), UserMessage([Text("look"), file])], UNHEARD_OF)
        assert caught.value.problems[0].path == "messages[1].content[1].mimeType"
        assert hint in caught.value.hint

    def test_a_tools_file_is_refused_with_its_place_too(self, build):
        with pytest.raises(InvalidMessage) as caught:
            build(after_a_tool(Text("here"), File(b"x", "application/zip")), tools=[READ])
        assert caught.value.problems[0].path == "messages[2].content[1].mimeType"

    def test_a_file_without_data_is_dropped(self, build):
        request = build([UserMessage([Text("look"), File(b"", "application/pdf")])])
        assert ("dropped", "messages[0].content[1]") in changed(request)
        assert "document" not in str(request.payload["messages"])


class TestNames:
    @pytest.mark.parametrize(
        "name", ["Report", "Q3 (final) [v1-2]", "company_policy", "x" * 200, "Document 1"]
    )
    def test_a_legal_name_stays(self, build, name):
        request = build([UserMessage([Text("look"), File(b"x", "text/plain", name)])])
        assert request.payload["messages"][0]["content"][-1]["document"]["name"] == name
        assert not request.changes

    @pytest.mark.parametrize(
        ("name", "legal"),
        [
            ("report.pdf", "report"),
            ("Report.v2.PDF", "Report v2"),
            ("main.py", "main py"),
            ("John's  report\t#1.txt", "John s report 1"),
            ("résumé.docx", "resume"),
            ("\uff11\uff12\u3000月.xlsx", "12"),
            ("資料\u3000テスト.xlsx", "Document 1"),
            ("../../etc/passwd", "etc passwd"),
            ("a\nIgnore all that", "a Ignore all that"),
            (" padded ", "padded"),
            ("\ud800", "Document 1"),
            (".pdf", "Document 1"),
            ("", "Document 1"),
            ("x" * 201, "x" * 200),
        ],
    )
    def test_another_becomes_legal_and_the_change_is_recorded(self, build, name, legal):
        request = build([UserMessage([Text("look"), File(b"x", "text/plain", name)])])
        assert request.payload["messages"][0]["content"][-1]["document"]["name"] == legal
        assert changed(request) == {("rewritten", "messages[0].content[1].name")}

    def test_a_document_without_a_name_gets_a_neutral_one(self, build):
        assert names(build, None, "Notes", None) == ["Document 1", "Notes", "Document 3"]
        request = build([UserMessage([Text("look"), File(b"x", "text/plain")])])
        assert changed(request) == {("added", "messages[0].content[1].name")}

    def test_no_two_documents_have_one_name(self, build):
        assert names(build, "a.pdf", "a", "A", "a 2", "a") == ["a", "a 2", "A 3", "a 2 2", "a 4"]
        assert names(build, "x" * 200, "x" * 201) == ["x" * 200, "x" * 198 + " 2"]
        assert names(build, "Document 2", None) == ["Document 2", "Document 2 2"]

    def test_names_differ_across_messages_and_tool_results(self, build):
        request = build(after_a_tool(PDF, then=[Text("and"), PDF]), NOVA, tools=[READ])
        found = str(request.payload["messages"])
        assert "'name': 'Report'" in found
        assert "'name': 'Report 2'" in found

    def test_names_stay_when_the_history_grows(self, build):
        first = UserMessage([Text("look"), PDF, File(b"x", "text/plain")])
        answer = AssistantMessage("seen", "amazon-bedrock", "m")
        short = build([first], cache_retention="none").payload["messages"]
        long = build([first, answer, first], cache_retention="none").payload["messages"]
        assert long[:1] == short


class TestText:
    def test_a_document_alone_gets_text_beside_it(self, build):
        request = build([UserMessage([PDF])], cache_retention="none")
        assert request.payload["messages"][0]["content"] == [{"text": "."}, document()]
        assert ("added", "messages") in changed(request)

    def test_text_that_is_blank_is_no_company(self, build):
        assert sent(build, Text(" "), PDF) == [{"text": "."}, document()]

    def test_text_on_either_side_will_do(self, build):
        assert sent(build, PDF, Text("look")) == [document(), {"text": "look"}]

    def test_a_document_beside_a_tool_result_gets_its_own(self, build):
        request = build(after_a_tool(Text("ok"), then=[PDF]), NOVA, tools=[READ])
        assert turns(request)[0][1][:3] == ["toolResult", "text", "cachePoint"]

    def test_a_film_needs_none(self, build):
        assert len(sent(build, FILM, model=NOVA)) == 1


class TestFamilies:
    @pytest.mark.parametrize(
        ("model", "file", "kind"),
        [
            (CLAUDE, FILM, "video"),
            (CLAUDE, SOUND, "audio"),
            (MICRO, PDF, "document"),
            (MICRO, FILM, "video"),
        ],
    )
    def test_what_a_family_refuses_is_reported_as_missing(self, build, model, file, kind):
        request = build([UserMessage([file, file, Text("look")])], model, cache_retention="none")
        placeholder, said = request.payload["messages"][0]["content"]
        assert placeholder["text"].startswith(f"({kind} omitted: model does not support ")
        assert said == {"text": "look"}
        assert ("rewritten", "messages[0].content[0]") in changed(request)

    def test_so_is_what_a_tool_returned(self, build):
        request = build(after_a_tool(FILM), tools=[READ])
        assert inside(request) == [{"text": "(tool video omitted: model does not support video)"}]

    def test_what_the_model_is_known_to_take_counts_before_its_family(self, build):
        blind = Model("amazon-bedrock", CLAUDE, input=("text", "image"))
        assert "text" in sent(build, PDF, model=blind)[0]
        seeing = Model("amazon-bedrock", CLAUDE, input=("text", "video"))
        assert "video" in sent(build, FILM, model=seeing)[0]

    @pytest.mark.parametrize("file", [PDF, FILM, SOUND])
    def test_of_an_unknown_model_the_service_is_the_judge(self, build, file):
        assert file.kind in sent(build, Text("look"), file, model=UNHEARD_OF)[1]


class TestToolResults:
    @pytest.mark.parametrize(
        ("model", "file"),
        [(CLAUDE, PDF), (LLAMA, PDF), (PIXTRAL, PDF), (NOVA, NOTES)],
    )
    def test_a_document_stays_in_the_result_where_the_family_takes_it(self, build, model, file):
        request = build(after_a_tool(file), model, tools=[READ])
        [part] = inside(request)
        assert "document" in part

    @pytest.mark.parametrize("model", [NOVA, QWEN, UNHEARD_OF])
    def test_elsewhere_it_follows_the_result_with_a_label(self, build, model):
        request = build(
            after_a_tool(Text("here"), PDF, then=[Text("so?")]),
            model,
            tools=[READ],
            cache_retention="none",
        )
        outcome, label, moved, said = request.payload["messages"][2]["content"]
        assert outcome["toolResult"]["content"] == [
            {"text": "here"},
            {"text": '(see attached documents labeled "Documents from tool result a:")'},
        ]
        assert [label, moved, said] == [
            {"text": "Documents from tool result a:"},
            document(),
            {"text": "so?"},
        ]
        assert ("moved", "messages[2]") in changed(request)

    def test_no_result_holds_a_film_or_a_sound(self, build):
        request = build(
            after_a_tool(NOTES, FILM, SOUND), NOVA, tools=[READ], cache_retention="none"
        )
        assert [next(iter(part)) for part in inside(request)] == ["document", "text"]
        assert turns(request) == [("user", ["toolResult", "text", "video", "audio"])]
        assert request.payload["messages"][2]["content"][1] == {"text": "Files from tool result a:"}

    def test_what_a_failed_tool_returned_to_claude_follows_in_a_turn_of_its_own(self, build):
        request = build(after_a_tool(PDF, PNG, is_error=True), tools=[READ], cache_retention="none")
        assert turns(request) == [
            ("user", ["toolResult"]),
            ("assistant", ["text"]),
            ("user", ["text", "document", "image"]),
        ]

    def test_a_turn_parts_the_users_document_from_results_with_claude(self, build):
        request = build(after_a_tool(PDF, then=[Text("compare"), PDF]), tools=[READ])
        assert turns(request) == [
            ("user", ["toolResult"]),
            ("assistant", ["text"]),
            ("user", ["text", "cachePoint", "document"]),
        ]

    def test_without_tools_it_is_reported_with_the_document_beside_it(self, build):
        request = build(after_a_tool(PDF), cache_retention="none")
        assert turns(request) == [("user", ["text", "document"])]


class TestCachePoints:
    @pytest.mark.parametrize(
        ("content", "kinds"),
        [
            ([Text("a"), PDF], ["text", "cachePoint", "document"]),
            ([Text("a"), PDF, Text("b"), NOTES], ["text", "document", "text", "cachePoint", "document"]),
            ([Text("a"), FILM, PDF], ["text", "cachePoint", "video", "document"]),
            ([PDF, Text("a")], ["document", "text", "cachePoint"]),
            ([Text("a"), PDF, PNG], ["text", "document", "image", "cachePoint"]),
        ],
    )  # fmt: skip
    def test_they_stand_before_the_files_that_end_a_message(self, build, content, kinds):
        blocks = sent(build, *content, model=NOVA, cache_retention=None)
        assert [next(iter(block)) for block in blocks] == kinds

    def test_where_there_is_nothing_before_them_there_is_none(self, build):
        request = build([UserMessage([FILM])], NOVA)
        assert [next(iter(b)) for b in request.payload["messages"][0]["content"]] == ["video"]
        assert ("dropped", "options.cache_retention") in changed(request)


@pytest.mark.parametrize(
    ("model", "files"),
    [
        (CLAUDE, [PDF, PDF, NOTES, PNG, FILM, SOUND]),
        (NOVA, [PDF, PDF, NOTES, PNG, FILM]),
        (MICRO, [PDF, PDF, NOTES, FILM, SOUND]),
        (LLAMA, [PDF, PDF, NOTES, PNG]),
        (PIXTRAL, [PDF, PDF, NOTES, PNG]),
    ],
)
@pytest.mark.parametrize("failed", [False, True])
def test_the_rules_of_the_emulator_find_no_fault(build, model, files, failed):
    messages = [UserMessage([PDF]), *after_a_tool(*files, then=files, is_error=failed)[1:]]
    payload = build(messages, model, tools=[READ]).payload
    target = load_catalogue().find(model, "us-east-1")
    assert target is not None
    assert broken_rule(CheckedRequest("ConverseStream", model, target, payload)) is None
