"""Content blocks of messages."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal, Self

from attrs import Factory, define, field

from modelwire.errors import InvalidMessage
from modelwire.messages.citations import Citation
from modelwire.text import short_repr

__all__ = [
    "AssistantContent",
    "File",
    "FileKind",
    "GuardContent",
    "GuardQualifier",
    "Image",
    "MediaUrl",
    "SearchResult",
    "Text",
    "Thinking",
    "ToolCall",
    "UserContent",
]

FileKind = Literal["document", "audio", "video"]
GuardQualifier = Literal["grounding_source", "query", "guard_content"]
"""The role of guarded text for a guardrail: a source, the question, or text to be checked."""

REDACTED = "[Reasoning redacted]"


def _pieces(content: str | Iterable[str]) -> tuple[str, ...]:
    return (content,) if isinstance(content, str) else tuple(content)


def _guarded(content: str | Text | Image) -> Text | Image:
    return Text(content) if isinstance(content, str) else content


def _qualifiers(qualifiers: Iterable[GuardQualifier]) -> tuple[GuardQualifier, ...]:
    return tuple(qualifiers)


def _citations(citations: Iterable[Citation]) -> tuple[Citation, ...]:
    return tuple(citations)


@define
class Text:
    """A text of the user or of a model.

    Attributes:
        text: The text.
        signature: Opaque data of the provider, to be sent back unchanged, or `None`.
        citations: The citations that support the text.
    """

    text: str
    signature: str | None = field(default=None, metadata={"key": "textSignature"})
    citations: tuple[Citation, ...] = field(default=(), converter=_citations)

    __repr__ = short_repr


@define
class Thinking:
    """The thinking of a model before its answer.

    Attributes:
        text: The thoughts that may be shown.
        signature: Opaque data of the provider, to be sent back unchanged, or `None`. For redacted
            thinking it is the provider's opaque bytes in base64.
        redacted: Whether the provider hides the thoughts and sent only opaque bytes.
    """

    text: str = field(metadata={"key": "thinking"})
    signature: str | None = field(default=None, metadata={"key": "thinkingSignature"})
    redacted: bool = False

    __repr__ = short_repr

    @classmethod
    def from_redacted(cls, data: bytes) -> Self:
        """Wrap the opaque bytes of redacted thinking."""
        return cls(REDACTED, base64.b64encode(data).decode("ascii"), redacted=True)

    @property
    def redacted_data(self) -> bytes:
        """The opaque bytes of redacted thinking, as the provider sent them.

        Raises:
            InvalidMessage: It is not redacted thinking, or its bytes were damaged.
        """
        if not self.redacted or self.signature is None:
            msg = "This block holds no redacted thinking."
            raise InvalidMessage(msg)
        try:
            return base64.b64decode(self.signature, validate=True)
        except ValueError as error:
            msg = "The opaque bytes of a redacted thinking block are not valid base64."
            raise InvalidMessage(msg) from error


@define
class Image:
    """An image.

    Attributes:
        data: The bytes of the image file.
        mime_type: Its media type, such as `image/png`.
    """

    data: bytes = field(repr=lambda data: f"<{len(data)} bytes>")
    mime_type: str

    __repr__ = short_repr

    @classmethod
    def from_path(cls, path: str | Path) -> Self:
        """Read an image file; its media type follows from the name.

        Raises:
            InvalidMessage: The file cannot be read, or its name is not that of an image.
        """
        path = Path(path)
        mime_type = _mime_type(path)
        if not mime_type.startswith("image/"):
            msg = f"{path} does not have the name of an image file."
            raise InvalidMessage(msg, hint="Use a .png, .jpg, .gif or .webp file.")
        return cls(_read(path), mime_type)


@define
class File:
    """A file that is no image: a document, audio or video.

    Attributes:
        data: The bytes of the file.
        mime_type: Its media type, such as `application/pdf` or `audio/wav`.
        name: The name that the model may get, or `None`.
        citations: Whether the model should cite the document.
        context: Facts about the document that the model gets and does not cite.
    """

    data: bytes = field(repr=lambda data: f"<{len(data)} bytes>")
    mime_type: str
    name: str | None = None
    citations: bool | None = None
    context: str | None = None

    __repr__ = short_repr

    @property
    def kind(self) -> FileKind:
        """The kind of input that it needs, by its media type."""
        return _kind_of(self.mime_type)

    @classmethod
    def from_path(cls, path: str | Path) -> Self:
        """Read a file; its media type follows from the name.

        Raises:
            InvalidMessage: The file cannot be read, or its name does not show its media type.
        """
        path = Path(path)
        mime_type = _mime_type(path)
        if not mime_type:
            msg = f"The name of {path} does not tell what kind of file it is."
            raise InvalidMessage(msg, hint="Give it the usual ending, as .pdf or .wav.")
        return cls(_read(path), mime_type, path.name)


@define
class MediaUrl:
    """An image or a file that the service itself fetches from its address.

    Attributes:
        url: The address, such as `s3://bucket/key` or `https://example.com/a.pdf`. Which schemes a
            service fetches differs.
        mime_type: Its media type, such as `image/png`.
        name: The name that the model may get, or `None`.
        owner: The account that owns the place, where the service requires it.
        citations: Whether the model should cite the document.
        context: Facts about the document that the model gets and does not cite.
    """

    url: str
    mime_type: str
    name: str | None = None
    owner: str | None = None
    citations: bool | None = None
    context: str | None = None

    __repr__ = short_repr

    @property
    def kind(self) -> FileKind | Literal["image"]:
        """The kind of input that it needs, by its media type."""
        return "image" if self.mime_type.startswith("image/") else _kind_of(self.mime_type)

    @property
    def is_web(self) -> bool:
        """Whether it is at an HTTP or HTTPS address."""
        return self.url.lower().startswith(("https://", "http://"))


@define
class SearchResult:
    """A passage that a search found, for the model to answer from and to cite.

    Attributes:
        source: Where it was found, as a URL.
        title: Its title.
        content: Its text, in the pieces that are cited one by one. One piece may be given as a string.
        citations: Whether the model should cite it.
    """

    source: str
    title: str
    content: tuple[str, ...] = field(converter=_pieces)
    citations: bool | None = None

    __repr__ = short_repr


@define
class GuardContent:
    """Content that a guardrail assesses; content that is not marked so is not assessed.

    Attributes:
        content: The text or the image. Text may be given as a string.
        qualifiers: The roles of the text for the guardrail.
    """

    content: Text | Image = field(converter=_guarded)
    qualifiers: tuple[GuardQualifier, ...] = field(default=(), converter=_qualifiers)

    __repr__ = short_repr


@define
class ToolCall:
    """A model's request to run a tool.

    Attributes:
        id: The provider's id of this call; the result names it.
        name: The tool's name.
        arguments: The arguments, as a JSON object.
        signature: Opaque data of the provider, to be sent back unchanged, or `None`.
    """

    id: str
    name: str
    arguments: dict[str, Any] = Factory(dict)
    signature: str | None = field(default=None, metadata={"key": "thoughtSignature"})

    __repr__ = short_repr


UserContent = Text | Image | File | MediaUrl | SearchResult | GuardContent
AssistantContent = Text | Thinking | ToolCall


def _kind_of(mime_type: str) -> FileKind:
    match mime_type.partition("/")[0]:
        case "audio":
            return "audio"
        case "video":
            return "video"
        case _:
            return "document"


def _mime_type(path: Path) -> str:
    import mimetypes

    return mimetypes.guess_type(path.name)[0] or ""


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        msg = f"Cannot read {path}: {error.strerror or error}."
        raise InvalidMessage(msg) from error
