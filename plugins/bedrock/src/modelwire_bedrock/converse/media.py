"""Images, documents, video and audio as Converse content blocks."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from typing import Any

from attrs import define, field

from modelwire.errors import InvalidMessage, Problem
from modelwire.messages import File, Image, MediaUrl
from modelwire.repair import Changes
from modelwire_bedrock.models.families import FileKind

__all__ = [
    "FILE_KINDS",
    "IMAGE_OMITTED",
    "TEXT_DOCUMENTS",
    "TOOL_IMAGE_OMITTED",
    "DocumentNames",
    "file_block",
    "file_omitted",
    "image_block",
    "stored_block",
]

IMAGE_OMITTED = "(image omitted: model does not support images)"
TOOL_IMAGE_OMITTED = "(tool image omitted: model does not support images)"


def image_block(image: Image, path: str) -> dict[str, Any]:
    """Write an image as a content block.

    Raises:
        InvalidMessage: The service does not take this kind of image; `path` says which it was.
    """
    form = _format_of(image.mime_type, "image", path)
    return {"image": {"format": form, "source": {"bytes": bytes(image.data)}}}


_LONGEST = 200
_LEGAL = re.compile(rf"(?!\s)(?:[A-Za-z0-9_\-()\[\]]| (?! )){{1,{_LONGEST}}}(?<! )")
_ILLEGAL = re.compile(r"[^A-Za-z0-9_\-()\[\]]+")
_ENDING = re.compile(r"\.(?:pdf|csv|docx?|xlsx?|html?|txt|md|markdown)$", re.IGNORECASE)


@define
class DocumentNames:
    """Gives each document a name that no other one of the request has.

    What a name becomes depends on the documents before it only, so that a prompt that has grown
    still begins with what is cached.
    """

    _changes: Changes
    _count: int = field(default=0, init=False)
    _used: dict[str, int] = field(factory=dict, init=False)

    def new(self, original: str | None, path: str) -> str:
        """The name on the wire of the next document, recorded where it is another.

        Args:
            original: Its own name, if it has one.
            path: The path of the document in the messages.
        """
        self._count += 1
        legal = _legal(original or "") or f"Document {self._count}"
        name = self._unique(legal)
        if original is None:
            self._changes.added(f"{path}.name", f"A document needs a name; it is {name!r}.")
        elif name != original:
            self._changes.rewritten(
                f"{path}.name",
                "A document's name is letters, digits, single spaces and -_()[] without its "
                "ending, at most 200, and its own.",
            )
        return name

    def _unique(self, wanted: str) -> str:
        name, times = wanted, self._used.get(wanted.casefold(), 0)
        while name.casefold() in self._used:
            times += 1
            ending = f" {times + 1}"
            name = f"{wanted[: _LONGEST - len(ending)].rstrip()}{ending}"
        self._used[wanted.casefold()] = times
        self._used.setdefault(name.casefold(), 0)
        return name


def _legal(name: str) -> str:
    if _LEGAL.fullmatch(name):
        return name
    # What is left of a letter without its accent is still its letter; U+3000 becomes a space.
    plain = unicodedata.normalize("NFKD", _ENDING.sub("", name.strip()))
    bare = "".join(letter for letter in plain if not unicodedata.combining(letter))
    return _ILLEGAL.sub(" ", bare).strip()[:_LONGEST].rstrip()


FILE_KINDS: tuple[FileKind, ...] = ("document", "video", "audio")
"""The kinds of files, which are the names of their blocks, too."""

TEXT_DOCUMENTS = frozenset({"csv", "html", "md", "txt", "xls", "xlsx"})
"""Formats of documents that the service hands to a model as text."""

_OFFICE = "application/vnd.openxmlformats-officedocument"
_FORMATS: Mapping[str, Mapping[str, str]] = {
    "image": {
        "image/png": "png",
        "image/jpeg": "jpeg",
        "image/jpg": "jpeg",
        "image/gif": "gif",
        "image/webp": "webp",
    },
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

_HINTS: Mapping[str, str] = {
    "image": "Convert it to PNG or JPEG.",
    "document": "Convert it to PDF, or give what is plain text as text/plain.",
    "video": "Convert it to MP4.",
    "audio": "Convert it to MP3 or WAV.",
}
_PLURALS: Mapping[FileKind, str] = {"document": "documents", "video": "video", "audio": "audio"}


def file_block(file: File, path: str, names: DocumentNames) -> dict[str, Any]:
    """Write a file as a content block; a document has a name.

    Args:
        file: The file.
        path: Its path, for messages about it.
        names: Gives the names of documents.

    Raises:
        InvalidMessage: The service does not take this kind of file; `path` says which it was.
    """
    block: dict[str, Any] = {
        "format": _format_of(file.mime_type, file.kind, path),
        "source": {"bytes": bytes(file.data)},
    }
    if file.kind == "document":
        block["name"] = names.new(file.name, path)
    return {file.kind: block}


def stored_block(media: MediaUrl, path: str, names: DocumentNames) -> dict[str, Any]:
    """Write media in Amazon S3 as a content block; the arguments are those of `file_block`.

    Raises:
        InvalidMessage: It is not in Amazon S3, or not of a kind that the service takes.
    """
    if not media.url.startswith("s3://"):
        problem = Problem(f"{path}.url", f"expected s3://bucket/key; found {media.url[:100]!r}")
        msg = "Amazon Bedrock fetches media from Amazon S3 alone."
        raise InvalidMessage(msg, problems=[problem], hint="Send the bytes of the file.")
    location = {"uri": media.url}
    if media.owner is not None:
        location["bucketOwner"] = media.owner
    kind = media.kind
    block: dict[str, Any] = {
        "format": _format_of(media.mime_type, kind, path),
        "source": {"s3Location": location},
    }
    if kind == "document":
        block["name"] = names.new(media.name, path)
    return {kind: block}


def _format_of(mime_type: str, kind: str, path: str) -> str:
    formats = _FORMATS[kind]
    form = formats.get(mime_type.partition(";")[0].strip().lower())
    if form is None:
        problem = Problem(
            f"{path}.mimeType", f"expected one of {', '.join(formats)}; found {mime_type!r}"
        )
        msg = f"Amazon Bedrock does not take this kind of {kind}."
        raise InvalidMessage(msg, problems=[problem], hint=_HINTS[kind])
    return form


def file_omitted(kind: FileKind, *, by_tool: bool) -> str:
    """The placeholder for a file of a kind that the model does not take."""
    label = f"tool {kind}" if by_tool else kind
    return f"({label} omitted: model does not support {_PLURALS[kind]})"
