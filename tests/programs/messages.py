"""Messages as programs write them."""

from pathlib import Path

from modelwire import (
    AssistantMessage,
    Context,
    File,
    Image,
    Text,
    Thinking,
    ToolCall,
    ToolResultMessage,
    UserMessage,
)

picture = Image(b"...", "image/png")

UserMessage("What is it?")
UserMessage([Text("What is it?")])
UserMessage([Text("What is it?"), picture])
UserMessage([picture, File(b"...", "application/pdf")])
UserMessage((Text("one"), picture))
UserMessage(Text(line) for line in ("one", "two"))
ToolResultMessage("call-1", "look", "seen")
ToolResultMessage("call-1", "look", [Text("seen"), picture])
AssistantMessage([Text("It is a cat.")], provider="acme", model="large")
AssistantMessage([Thinking("Hm."), ToolCall("call-1", "look")], provider="acme", model="large")
Context([UserMessage("one"), AssistantMessage("two", "acme", "large"), UserMessage("three")])

UserMessage(5)  # type: ignore[arg-type]
UserMessage([5])  # type: ignore[list-item]
UserMessage([ToolCall("call-1", "look")])  # type: ignore[list-item]
AssistantMessage([picture], provider="acme", model="large")  # type: ignore[list-item]


def shown(path: Path) -> UserMessage:
    """A question about a picture."""
    return UserMessage([Text("What is in this picture?"), Image.from_path(path)])
