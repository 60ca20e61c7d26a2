"""What plugins need to write requests that a provider accepts, and to say what they changed.

A session lives longer than one model. What one of them said, another may refuse for ever after: a
tool's name with a dot, half a character, an id that comes twice. A plugin repairs it in what it
sends, never in the caller's messages, and yields each `Change` as a `Diagnostic`.
"""

from modelwire.repair.arguments import clean_arguments
from modelwire.repair.changes import Change, ChangeKind, Changes
from modelwire.repair.naming import LONGEST, ToolNames, UniqueIds, legal_name, names_in, shortened
from modelwire.repair.pairing import Pairing, SentCall
from modelwire.repair.text import clean_json, clean_text, is_blank

__all__ = [
    "LONGEST",
    "Change",
    "ChangeKind",
    "Changes",
    "Pairing",
    "SentCall",
    "ToolNames",
    "UniqueIds",
    "clean_arguments",
    "clean_json",
    "clean_text",
    "is_blank",
    "legal_name",
    "names_in",
    "shortened",
]
