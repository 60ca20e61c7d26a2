"""Messages: content blocks, contexts, tools and usage.

In Python the names are snake_case and the objects are attrs classes with slots. As JSON, through
`modelwire.messages.codec`, they have the camelCase shape of pi-ai, so that recorded sessions can be
read and written.
"""

from modelwire.messages.citations import Citation, CitationKind, CitationUnit
from modelwire.messages.content import (
    AssistantContent,
    File,
    FileKind,
    GuardContent,
    GuardQualifier,
    Image,
    MediaUrl,
    SearchResult,
    Text,
    Thinking,
    ToolCall,
    UserContent,
)
from modelwire.messages.message import (
    AssistantMessage,
    Context,
    Message,
    Tool,
    ToolResultMessage,
    UserMessage,
)
from modelwire.messages.usage import Cost, StopReason, Usage

__all__ = [
    "AssistantContent",
    "AssistantMessage",
    "Citation",
    "CitationKind",
    "CitationUnit",
    "Context",
    "Cost",
    "File",
    "FileKind",
    "GuardContent",
    "GuardQualifier",
    "Image",
    "MediaUrl",
    "Message",
    "SearchResult",
    "StopReason",
    "Text",
    "Thinking",
    "Tool",
    "ToolCall",
    "ToolResultMessage",
    "Usage",
    "UserContent",
    "UserMessage",
]
