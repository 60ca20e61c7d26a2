"""Citations: the sources that support a text of an answer."""

from __future__ import annotations

from typing import Literal

from attrs import define

__all__ = ["Citation", "CitationKind", "CitationUnit"]

CitationKind = Literal["document", "search_result", "web", "file"]
"""The kinds of sources: a document or search result of the request, a web page, a stored file."""

CitationUnit = Literal["char", "page", "chunk"]
"""The units of `start` and `end` of a citation in its source."""


@define
class Citation:
    """A source that supports a text of an answer; a fact that the service does not give is `None`.

    Attributes:
        kind: The kind of source.
        title: The title of the source.
        source: Its address: a URL, the `source` of a search result, or the id of a stored file.
        cited_text: The words of the source.
        index: Which of the documents or search results of the request it is, from 0.
        unit: The unit of `start` and `end`.
        start: Where the cited words begin in the source. Pages count from 1, everything else from
            0.
        end: Where they end, exclusive.
        text_start: Where the supported words begin in the answer's text, in characters.
        text_end: Where they end, exclusive.
        signature: Opaque data of the provider, to be sent back unchanged.
    """

    kind: CitationKind
    title: str | None = None
    source: str | None = None
    cited_text: str | None = None
    index: int | None = None
    unit: CitationUnit | None = None
    start: int | None = None
    end: int | None = None
    text_start: int | None = None
    text_end: int | None = None
    signature: str | None = None
