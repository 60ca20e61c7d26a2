"""Citations in the form of the Messages API.

https://docs.anthropic.com/en/docs/build-with-claude/citations and `/search-results` have the forms.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from modelwire.authoring import cite
from modelwire.events import Delta
from modelwire.messages import Citation

__all__ = ["is_citable", "read_citation", "write_citation"]

_RANGES = {
    "char_location": ("document", "char", "document_index", "start_char_index", "end_char_index"),
    "page_location": (
        "document",
        "page",
        "document_index",
        "start_page_number",
        "end_page_number",
    ),
    "content_block_location": (
        "document",
        "chunk",
        "document_index",
        "start_block_index",
        "end_block_index",
    ),
    "search_result_location": (
        "search_result",
        "chunk",
        "search_result_index",
        "start_block_index",
        "end_block_index",
    ),
}
"""Types of citations of what the request holds: kind, unit, and the names of the three numbers."""
_TYPES = {(kind, unit): name for name, (kind, unit, *_) in _RANGES.items()}
_WEB = "web_search_result_location"


def read_citation(index: int, citation: object) -> Delta:
    """The delta of a citation; a diagnostic where its type is not known here."""
    if not isinstance(citation, Mapping):
        return cite(index, citation, None)
    name = citation.get("type")
    cited = citation.get("cited_text")
    if name == _WEB:
        return cite(
            index,
            citation,
            "web",
            title=citation.get("title"),
            source=citation.get("url"),
            cited_text=cited,
            signature=citation.get("encrypted_index"),
        )
    if not isinstance(name, str) or name not in _RANGES:
        return cite(index, citation, None)
    kind, unit, *numbers = _RANGES[name]
    of, start, end = (citation.get(number) for number in numbers)
    found = {"index": of, "unit": unit, "start": start, "end": end, "cited_text": cited}
    if kind == "document":
        found |= {"title": citation.get("document_title"), "source": citation.get("file_id")}
    else:
        found |= {"title": citation.get("title"), "source": citation.get("source")}
    return cite(index, citation, kind, **found)


def is_citable(citation: Citation, sources: Mapping[str, Sequence[bool]], *, own: bool) -> bool:
    """Whether a citation can go back.

    Args:
        citation: The citation.
        sources: The documents and search results before it: whether each may be cited.
        own: Whether the same service made it, which knows its own proofs of web pages.
    """
    if citation.kind == "web":
        return own and None not in (citation.source, citation.cited_text, citation.signature)
    numbers = (citation.index, citation.start, citation.end)
    if (citation.kind, citation.unit) not in _TYPES or None in (*numbers, citation.cited_text):
        return False
    if citation.kind == "search_result" and citation.source is None:
        return False
    known = sources.get(citation.kind, ())
    return any(known[citation.index : (citation.index or 0) + 1])


def write_citation(citation: Citation) -> dict[str, Any]:
    """Write a citation that can go back."""
    if citation.kind == "web":
        return {
            "type": _WEB,
            "url": citation.source,
            "title": citation.title,
            "cited_text": citation.cited_text,
            "encrypted_index": citation.signature,
        }
    name = _TYPES[citation.kind, citation.unit or "char"]
    numbers = zip(_RANGES[name][2:], (citation.index, citation.start, citation.end), strict=True)
    written = {"type": name, "cited_text": citation.cited_text, **dict(numbers)}
    if citation.kind == "document":
        return written | {"document_title": citation.title}
    return written | {"source": citation.source, "title": citation.title}
