"""A history is read in order, and what comes out of it can be sent."""

from modelwire.messages import (
    AssistantMessage,
    StopReason,
    Text,
    ToolCall,
    ToolResultMessage,
    UserMessage,
)
from modelwire.repair import (
    AssistantTurn,
    Changes,
    MissingToolResult,
    ToolResult,
    UniqueIds,
    UserTurn,
    read_history,
    text_of,
)

BLANK = "It is blank."


class Plugin:
    """Writes messages as lists of texts."""

    def __init__(self):
        self.changes = Changes()
        self.ids = UniqueIds()

    def speak(self, message, path):
        spoken = AssistantTurn(path, [])
        for block in message.content:
            if isinstance(block, ToolCall):
                spoken.content.append(block.name)
                spoken.calls.append((self.ids.new(block.id), block, path))
            else:
                spoken.content.append(block.text)
        return spoken

    def say(self, content, path):
        return [
            text
            for block in content
            if (text := text_of(block, path, self.changes, blank=BLANK)) is not None
        ]

    def read(self, *messages):
        return list(
            read_history(messages, self.changes, render_assistant=self.speak, render_user=self.say)
        )

    @property
    def told(self):
        return [(change.kind, change.path) for change in self.changes.noted]


def test_what_is_sound_comes_out_as_it_is():
    plugin = Plugin()
    call, result = ToolCall("c", "look"), ToolResultMessage("c", "look", "blue")
    asked = AssistantMessage([call], "p", "m")
    steps = plugin.read(UserMessage("Look."), asked, result, AssistantMessage("Blue.", "p", "m"))
    assert steps == [
        UserTurn("messages[0]", ["Look."]),
        AssistantTurn("messages[1]", ["look"], [("c", call, "messages[1]")]),
        ToolResult("messages[2]", result, "c"),
        AssistantTurn("messages[3]", ["Blue."]),
    ]
    assert plugin.told == []


def test_calls_without_results_come_before_the_assistant_speaks_again_and_at_the_end():
    plugin = Plugin()
    first, second = ToolCall("c", "look"), ToolCall("d", "listen")
    steps = plugin.read(
        AssistantMessage([first], "p", "m"),
        UserMessage("Never mind."),
        AssistantMessage([second], "p", "m"),
    )
    assert [type(step) for step in steps] == [
        AssistantTurn,
        UserTurn,
        MissingToolResult,
        AssistantTurn,
        MissingToolResult,
    ]
    assert steps[2] == MissingToolResult("messages[0]", first, "c")
    assert steps[4] == MissingToolResult("messages[2]", second, "d")
    assert plugin.told == [("added", "messages[0]"), ("added", "messages[2]")]


def test_a_result_knows_the_call_that_it_answers_even_where_ids_come_twice():
    plugin = Plugin()
    answer = AssistantMessage([ToolCall("c", "look"), ToolCall("c", "look")], "p", "m")
    results = [ToolResultMessage("c", "look", text) for text in ("one", "two")]
    spoken, *answered = plugin.read(answer, *results)
    assert [step.wire_id for step in answered] == [wire_id for wire_id, _, _ in spoken.calls]
    assert [step.message for step in answered] == results


def test_what_failed_was_not_called_for_or_says_nothing_does_not_come_out():
    plugin = Plugin()
    failed = AssistantMessage([ToolCall("c", "look")], "p", "m", stop_reason=StopReason.ERROR)
    steps = plugin.read(
        failed,
        ToolResultMessage("c", "look", "blue"),
        ToolResultMessage("stray", "look", "red"),
        UserMessage(" "),
        AssistantMessage([], "p", "m"),
        UserMessage("Go on."),
    )
    assert steps == [UserTurn("messages[5]", ["Go on."])]
    assert [path for kind, path in plugin.told if kind == "dropped"] == [
        "messages[0]",
        "messages[1]",
        "messages[2]",
        "messages[3]",
        "messages[3]",
        "messages[4]",
    ]


def test_an_answer_of_which_nothing_is_left_does_not_end_the_users_turn():
    plugin = Plugin()
    call = AssistantMessage([ToolCall("c", "look")], "p", "m")
    empty = AssistantMessage([], "p", "m")
    steps = plugin.read(call, empty, ToolResultMessage("c", "look", "blue"))
    assert [type(step) for step in steps] == [AssistantTurn, ToolResult]


def test_the_text_of_a_block_is_reported_where_it_is_not_sent_as_it_was():
    changes = Changes()
    assert text_of(Text("fine"), "messages[0]", changes, blank=BLANK) == "fine"
    assert changes.noted == []
    assert text_of(Text("a\ud83d"), "messages[1]", changes, blank=BLANK) == "a"
    assert text_of(Text(" \n"), "messages[2]", changes, blank=BLANK) is None
    assert [(change.kind, change.path) for change in changes.noted] == [
        ("rewritten", "messages[1]"),
        ("dropped", "messages[2]"),
    ]
    assert changes.noted[1].reason == BLANK
