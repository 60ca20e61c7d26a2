from __future__ import annotations

import pytest

from modelwire.messages import AssistantMessage, Tool, ToolCall, ToolResultMessage, UserMessage
from modelwire.repair import legal_name


def specs(request):
    tools = request.payload["toolConfig"]["tools"]
    return [tool["toolSpec"] for tool in tools if "toolSpec" in tool]


def uses(request):
    return [
        block["toolUse"]
        for message in request.payload["messages"]
        for block in message["content"]
        if "toolUse" in block
    ]


def answered(request):
    return [
        block["toolResult"]["toolUseId"]
        for message in request.payload["messages"]
        for block in message["content"]
        if "toolResult" in block
    ]


def history(*calls):
    answer = AssistantMessage(list(calls), "openai", "gpt")
    return [
        UserMessage("go"),
        answer,
        *(ToolResultMessage(call.id, call.name, f"{number}") for number, call in enumerate(calls)),
    ]


class TestNames:
    def test_a_legal_name_is_kept(self, build):
        request = build(tools=[Tool("read_file-2")])
        assert [spec["name"] for spec in specs(request)] == ["read_file-2"]
        assert request.tool_names == {}

    @pytest.mark.parametrize("name", ["browser.navigate", "n" * 65, "", "lire/écrire", "\ud800"])
    def test_an_illegal_name_is_made_legal_alike_in_spec_and_history(self, build, name):
        request = build(history(ToolCall("a", name)), tools=[Tool(name)])
        [spec], [use] = specs(request), uses(request)
        assert spec["name"] == use["name"]
        assert request.tool_names == {spec["name"]: name}

    def test_names_that_would_become_one_stay_apart(self, build):
        names = ["a.b", "a_b", "a/b", "x" * 64 + "1", "x" * 64 + "2"]
        request = build(tools=[Tool(name) for name in names])
        wire = [spec["name"] for spec in specs(request)]
        assert len(set(wire)) == len(names)
        assert {request.tool_names.get(name, name) for name in wire} == set(names)

    def test_a_name_that_looks_made_does_not_take_the_place_of_one(self, build):
        rival = legal_name("a.b")
        request = build(tools=[Tool("a.b"), Tool(rival)])
        assert sorted(
            request.tool_names.get(spec["name"], spec["name"]) for spec in specs(request)
        ) == [
            "a.b",
            rival,
        ]
        assert rival not in request.tool_names

    def test_a_hallucinated_name_in_the_history_does_not_poison_it(self, build):
        request = build(history(ToolCall("a", "browser.navigate")), tools=[Tool("read")])
        [use] = uses(request)
        assert request.tool_names == {use["name"]: "browser.navigate"}


class TestIds:
    def test_an_illegal_id_is_made_legal_on_both_sides(self, build):
        request = build(history(ToolCall("call|1.2", "read")), tools=[Tool("read")])
        [use], [result] = uses(request), answered(request)
        assert use["toolUseId"] == result
        assert use["toolUseId"].startswith("call_1_2_")

    def test_ids_that_differ_after_the_limit_stay_apart(self, build):
        calls = [ToolCall("x" * 64 + end, "read") for end in "12"]
        request = build(history(*calls), tools=[Tool("read")])
        assert [use["toolUseId"] for use in uses(request)] == answered(request)
        assert len(set(answered(request))) == 2

    def test_an_id_that_comes_again_in_a_later_answer_becomes_another(self, build):
        messages = [*history(ToolCall("call_0", "read")), *history(ToolCall("call_0", "read"))]
        request = build(messages, tools=[Tool("read")])
        first, second = answered(request)
        assert first == "call_0"
        assert second != first
        assert [use["toolUseId"] for use in uses(request)] == [first, second]

    def test_an_id_that_looks_made_does_not_take_the_place_of_one(self, build):
        calls = [ToolCall("a|b", "read"), ToolCall(legal_name("a|b"), "read")]
        request = build(history(*calls), tools=[Tool("read")])
        assert [use["toolUseId"] for use in uses(request)] == answered(request)
        assert len(set(answered(request))) == 2

    def test_two_calls_of_one_id_get_their_results_in_order(self, build):
        request = build(history(ToolCall("a", "read"), ToolCall("a", "read")), tools=[Tool("read")])
        assert [use["toolUseId"] for use in uses(request)] == answered(request)
        contents = [
            block["toolResult"]["content"][0]["text"]
            for block in request.payload["messages"][2]["content"]
            if "toolResult" in block
        ]
        assert contents == ["0", "1"]


class TestArguments:
    @pytest.mark.parametrize(
        ("given", "sent"),
        [
            ('{"a": 1}', {"a": 1}),
            ("not json", {}),
            ("[1]", {}),
            ([1], {}),
            (None, {}),
            (7, {}),
            ({"a": float("nan"), "b": 2**60, 3: (1, 2)}, {"a": None, "b": 2**60, "3": [1, 2]}),
        ],
    )
    def test_what_is_not_an_object_becomes_one(self, build, given, sent):
        call = ToolCall("a", "read")
        call.arguments = given
        request = build(history(call), tools=[Tool("read")])
        assert uses(request)[0]["input"] == sent
        assert "messages[1].content[0].arguments" in [change.path for change in request.changes]


class TestSpecs:
    def test_tools_are_sorted_by_name(self, build):
        request = build(tools=[Tool("write"), Tool("grep"), Tool("read")])
        assert [spec["name"] for spec in specs(request)] == ["grep", "read", "write"]

    def test_a_blank_description_is_left_out(self, build):
        [spec] = specs(build(tools=[Tool("read", " ")]))
        assert "description" not in spec

    def test_one_unreadable_tool_does_not_spoil_the_others(self, build):
        broken = Tool("broken")
        broken.parameters = None
        request = build(tools=[broken, Tool("read", "Reads.", {"properties": {}})])
        assert [spec["inputSchema"]["json"] for spec in specs(request)] == [
            {"type": "object", "properties": {}},
            {"type": "object", "properties": {}},
        ]

    def test_a_tool_of_the_same_name_is_dropped(self, build):
        request = build(tools=[Tool("read", "one"), Tool("read", "two")])
        assert [spec["description"] for spec in specs(request)] == ["one"]
        assert [change.path for change in request.changes if change.kind == "dropped"] == [
            "tools[1]"
        ]
