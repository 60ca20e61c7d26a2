"""Documents, films and sounds as content blocks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from modelwire.errors import InvalidMessage, Problem
from modelwire.messages import File
from modelwire_bedrock.families import FileKind
from modelwire_bedrock.requests.document_names import DocumentNames

__all__ = ["FILE_KINDS", "TEXT_DOCUMENTS", "file_block", "file_omitted"]

FILE_KINDS: tuple[FileKind, ...] = ("document", "video", "audio")
"""The kinds of files, which are the names of their blocks, too."""

TEXT_DOCUMENTS = frozenset({"csv", "html", "md", "txt", "xls", "xlsx"})
"""Formats of documents that the service hands to a model as text."""

_OFFICE = "application/vnd.openxmlformats-officedocument"
_FORMATS: Mapping[FileKind, Mapping[str, str]] = {
    "document": {
        "application/pdf": "pdf",
        "text/csv": "csv",
        "application/csv": "csv",
        "application/msword": "doc",
        f"{_OFFICE}.wordprocessingml.document": "docx",
        "application/vnd.ms-excel": "xls",
        f"{_OFFICE}.spreadsheetml.sheet": "xlsx",
        "text/html": "html",
        "text/plain": "txt",
        "text/markdown": "md",
        "text/x-markdown": "md",
    },
    "video": {
        "video/mp4": "mp4",
        "video/webm": "webm",
        "video/quicktime": "mov",
        "video/matroska": "mkv",
        "video/x-matroska": "mkv",
        "video/x-flv": "flv",
        "video/mpeg": "mpeg",
        "video/x-ms-wmv": "wmv",
        "video/3gpp": "three_gp",
    },
    "audio": {
        "audio/mpeg": "mp3",
        "audio/mp3": "mp3",
        "audio/wav": "wav",
        "audio/wave": "wav",
        "audio/x-wav": "wav",
        "audio/vnd.wave": "wav",
        "audio/flac": "flac",
        "audio/x-flac": "flac",
        "audio/ogg": "ogg",
        "audio/opus": "opus",
        "audio/aac": "aac",
        "audio/x-aac": "x-aac",
        "audio/mp4": "mp4",
        "audio/m4a": "m4a",
        "audio/x-m4a": "m4a",
        "audio/mp4a-latm": "m4a",
        "audio/webm": "webm",
        "audio/matroska": "mka",
        "audio/x-matroska": "mka",
        "audio/pcm": "pcm",
    },
}
"""Media types, and the formats of the service's model."""

_HINTS: Mapping[FileKind, str] = {
    "document": "Convert it to PDF, or give what is plain text as text/plain.",
    "video": "Convert it to MP4.",
    "audio": "Convert it to MP3 or WAV.",
}
_PLURALS: Mapping[FileKind, str] = {"document": "documents", "video": "video", "audio": "audio"}


def file_block(file: File, path: str, names: DocumentNames) -> dict[str, Any]:
    """Write a file as a content block; a document has a name.

    Args:
        file: The file.
        path: Where it stands, for messages.
        names: Gives the names of documents.

    Raises:
        InvalidMessage: The service does not take this kind of file; `path` says which it was.
    """
    kind = file.kind
    formats = _FORMATS[kind]
    form = formats.get(file.mime_type.partition(";")[0].strip().lower())
    if form is None:
        problem = Problem(
            f"{path}.mimeType", f"expected one of {', '.join(formats)}; found {file.mime_type!r}"
        )
        msg = f"Amazon Bedrock does not take this kind of {kind}."
        raise InvalidMessage(msg, problems=[problem], hint=_HINTS[kind])
    block: dict[str, Any] = {"format": form, "source": {"bytes": bytes(file.data)}}
    if kind == "document":
        block["name"] = names.new(file.name, path)
    return {kind: block}


def file_omitted(kind: FileKind, *, by_tool: bool) -> str:
    """What stands where a model that does not take such files would get one."""
    told = f"tool {kind}" if by_tool else kind
    return f"({told} omitted: model does not support {_PLURALS[kind]})"
