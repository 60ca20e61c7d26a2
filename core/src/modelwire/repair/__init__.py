"""Repair of requests: building blocks to send what a provider accepts, and to record changes.

A session lives longer than one model. Content that one of them produced, another may refuse: a
tool's name with a dot, a lone surrogate, a duplicate id. A plugin repairs it in what it
sends, never in the caller's messages, and yields each `Change` as a `Diagnostic`.
"""

from modelwire.repair.changes import Change, ChangeKind, Changes
from modelwire.repair.content import plain_block
from modelwire.repair.history import (
    NO_RESULT,
    AssistantTurn,
    MissingToolResult,
    Pairing,
    SentCall,
    ToolResult,
    UserTurn,
    read_history,
)
from modelwire.repair.names import LONGEST, ToolNames, UniqueIds, legal_name, names_in, shortened
from modelwire.repair.text import clean_json, clean_text, is_blank, text_of
from modelwire.repair.tools import OfferedTool, clean_arguments, offered_tools

__all__ = [
    "LONGEST",
    "NO_RESULT",
    "AssistantTurn",
    "Change",
    "ChangeKind",
    "Changes",
    "MissingToolResult",
    "OfferedTool",
    "Pairing",
    "SentCall",
    "ToolNames",
    "ToolResult",
    "UniqueIds",
    "UserTurn",
    "clean_arguments",
    "clean_json",
    "clean_text",
    "is_blank",
    "legal_name",
    "names_in",
    "offered_tools",
    "plain_block",
    "read_history",
    "shortened",
    "text_of",
]
