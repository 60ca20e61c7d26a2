"""Annotations of OpenAI's APIs as citations, and back.

https://platform.openai.com/docs/api-reference/responses has the types of annotations.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from modelwire.authoring import cite
from modelwire.events import Delta
from modelwire.messages import Citation

__all__ = ["read_annotation", "write_annotation"]


def read_annotation(index: int, annotation: object, offset: int = 0) -> Delta:
    """The delta of an annotation; a diagnostic where its type is not known here.

    Args:
        index: The text block.
        annotation: The annotation as the service sent it.
        offset: Where the part that it annotates begins in the block, in characters.
    """
    if not isinstance(annotation, Mapping):
        return cite(index, annotation, None)
    kind = annotation.get("type")
    # Chat Completions has the members in an object of their own.
    inner = annotation.get(kind) if isinstance(kind, str) else None
    found: Mapping[str, Any] = inner if isinstance(inner, Mapping) else annotation
    if kind == "url_citation":
        return cite(
            index,
            annotation,
            "web",
            title=found.get("title"),
            source=found.get("url"),
            cited_text=found.get("content"),
            text_start=_moved(found.get("start_index"), offset),
            text_end=_moved(found.get("end_index"), offset),
        )
    if kind == "file_citation":
        place = _moved(found.get("index"), offset)
        return cite(
            index,
            annotation,
            "file",
            title=found.get("filename"),
            source=found.get("file_id"),
            text_start=place,
            text_end=place,
        )
    if kind == "container_file_citation":
        return cite(
            index,
            annotation,
            "file",
            title=found.get("filename"),
            source=found.get("file_id"),
            text_start=_moved(found.get("start_index"), offset),
            text_end=_moved(found.get("end_index"), offset),
            signature=found.get("container_id"),
        )
    return cite(index, annotation, None)


def write_annotation(citation: Citation, *, own: bool) -> dict[str, Any] | None:
    """The annotation of Responses, or `None` where it has no form there.

    Args:
        citation: The citation.
        own: Whether the same service made it, which knows its own files.
    """
    start, end = citation.text_start, citation.text_end
    if citation.source is None or start is None or end is None:
        return None
    if citation.kind == "web":
        return {
            "type": "url_citation",
            "url": citation.source,
            "title": citation.title or "",
            "start_index": start,
            "end_index": end,
        }
    if citation.kind != "file" or not own:
        return None
    named = {"file_id": citation.source, "filename": citation.title or ""}
    if citation.signature is None:
        return {"type": "file_citation", **named, "index": start}
    return {
        "type": "container_file_citation",
        "container_id": citation.signature,
        **named,
        "start_index": start,
        "end_index": end,
    }


def _moved(place: object, offset: int) -> object:
    return place + offset if type(place) is int else None
