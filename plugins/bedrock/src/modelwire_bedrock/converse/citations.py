"""Citations in the form of Converse, and the content that they cite or that a guardrail judges."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from modelwire.authoring import cite
from modelwire.events import Delta
from modelwire.messages import Citation, File, GuardContent, MediaUrl, SearchResult, Text
from modelwire.repair import clean_text, is_blank

__all__ = [
    "cited_block",
    "document_options",
    "guard_block",
    "is_citable",
    "read_citation",
    "search_block",
]

_LOCATIONS = {
    "documentChar": ("document", "documentIndex", "char"),
    "documentPage": ("document", "documentIndex", "page"),
    "documentChunk": ("document", "documentIndex", "chunk"),
    "searchResultLocation": ("search_result", "searchResultIndex", "chunk"),
}
"""The locations of a source that the request holds: its kind, where its index is, what is counted."""
_NAMES = {(kind, unit): (name, key) for name, (kind, key, unit) in _LOCATIONS.items()}

_GUARDED_IMAGES = {"image/png": "png", "image/jpeg": "jpeg", "image/jpg": "jpeg"}


def read_citation(index: int, citation: Mapping[str, Any]) -> Delta:
    """The delta of a citation; a diagnostic where its location is not known here."""
    location = citation.get("location")
    location = location if isinstance(location, Mapping) else {}
    kind: str | None = "document"
    values: dict[str, object] = {
        "title": citation.get("title"),
        "source": citation.get("source"),
        "cited_text": _text(citation.get("sourceContent")),
    }
    name, place = next(iter(location.items()), ("", {}))
    if not isinstance(place, Mapping):
        kind = None
    elif name == "web":
        kind = "web"
        values["source"] = place.get("url") or citation.get("source")
    elif name in _LOCATIONS:
        kind, key, values["unit"] = _LOCATIONS[name]
        values |= {"index": place.get(key), "start": place.get("start"), "end": place.get("end")}
    elif name:
        kind = None
    return cite(index, citation, kind, **values)


def is_citable(citation: Citation, sources: Mapping[str, Sequence[bool]]) -> bool:
    """Whether a citation can go back: its place is known, and its source is in the request.

    Args:
        citation: The citation.
        sources: The documents and search results before it: whether each may be cited.
    """
    whole = citation.index is not None and citation.start is not None and citation.end is not None
    if not whole or (citation.kind, citation.unit) not in _NAMES:
        return False
    known = sources.get(citation.kind, ())
    return any(known[citation.index : (citation.index or 0) + 1])


def cited_block(text: str, citations: list[Citation]) -> dict[str, Any]:
    """The content block of a text with citations."""
    return {
        "citationsContent": {
            "content": [{"text": text}],
            "citations": [_written(citation) for citation in citations],
        }
    }


def search_block(found: SearchResult) -> dict[str, Any]:
    """The content block of a search result."""
    return {
        "searchResult": {
            "source": clean_text(found.source),
            "title": clean_text(found.title),
            "content": [{"text": clean_text(text)} for text in found.content],
            "citations": {"enabled": bool(found.citations)},
        }
    }


def document_options(document: File | MediaUrl) -> dict[str, Any]:
    """The fields of a document block for citations and for its context."""
    options: dict[str, Any] = {}
    if document.context is not None and not is_blank(document.context):
        options["context"] = clean_text(document.context)
    if document.citations:
        options["citations"] = {"enabled": True}
    return options


def guard_block(guarded: GuardContent) -> dict[str, Any] | None:
    """The content block of guarded content, or `None` where a guardrail does not take it."""
    content = guarded.content
    if isinstance(content, Text):
        if is_blank(content.text):
            return None
        text: dict[str, Any] = {"text": clean_text(content.text)}
        if guarded.qualifiers:
            text["qualifiers"] = list(guarded.qualifiers)
        return {"guardContent": {"text": text}}
    form = _GUARDED_IMAGES.get(content.mime_type)
    if form is None or not content.data:
        return None
    return {"guardContent": {"image": {"format": form, "source": {"bytes": content.data}}}}


def _written(citation: Citation) -> dict[str, Any]:
    written: dict[str, Any] = {}
    if citation.title is not None:
        written["title"] = citation.title
    if citation.source is not None:
        written["source"] = citation.source
    if citation.cited_text is not None:
        written["sourceContent"] = [{"text": citation.cited_text}]
    written["location"] = _location(citation)
    return written


def _location(citation: Citation) -> dict[str, Any]:
    name, key = _NAMES[citation.kind, citation.unit or "char"]
    return {name: {key: citation.index, "start": citation.start, "end": citation.end}}


def _text(parts: object) -> str | None:
    """The cited words; the service sends them in parts."""
    if not isinstance(parts, list):
        return None
    texts = [part.get("text") for part in parts if isinstance(part, Mapping)]
    joined = "".join(text for text in texts if isinstance(text, str))
    return joined or None
