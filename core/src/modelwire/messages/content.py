"""Content blocks of messages."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any, Literal, Self

from attrs import Factory, define, field

from modelwire.errors import InvalidMessage

__all__ = ["AssistantContent", "File", "Image", "Text", "Thinking", "ToolCall", "UserContent"]

REDACTED = "[Reasoning redacted]"


@define
class Text:
    """Text that somebody said.

    Attributes:
        text: The text.
        signature: Opaque data of the provider, to be sent back unchanged, or `None`.
    """

    text: str
    signature: str | None = field(default=None, metadata={"key": "textSignature"})


@define
class Thinking:
    """What a model thought before it answered.

    Attributes:
        text: The thoughts that may be shown.
        signature: Opaque proof of the provider, to be sent back unchanged, or `None`. For redacted
            thinking it is the provider's opaque bytes in base64.
        redacted: Whether the provider hides the thoughts and sent only opaque bytes.
    """

    text: str = field(metadata={"key": "thinking"})
    signature: str | None = field(default=None, metadata={"key": "thinkingSignature"})
    redacted: bool = False

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
        mime_type: Its media type, as `image/png`.
    """

    data: bytes = field(repr=lambda data: f"<{len(data)} bytes>")
    mime_type: str

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
    """A file that is no image: a document, a sound, a film.

    Attributes:
        data: The bytes of the file.
        mime_type: Its media type, as `application/pdf` or `audio/wav`.
        name: The name that the model may be told, or `None`.
    """

    data: bytes = field(repr=lambda data: f"<{len(data)} bytes>")
    mime_type: str
    name: str | None = None

    @property
    def kind(self) -> Literal["document", "audio", "video"]:
        """Which of a model's abilities it needs, by its media type."""
        match self.mime_type.partition("/")[0]:
            case "audio":
                return "audio"
            case "video":
                return "video"
            case _:
                return "document"

    @classmethod
    def from_path(cls, path: str | Path) -> Self:
        """Read a file; its media type follows from the name.

        Raises:
            InvalidMessage: The file cannot be read, or its name does not tell its media type.
        """
        path = Path(path)
        mime_type = _mime_type(path)
        if not mime_type:
            msg = f"The name of {path} does not tell what kind of file it is."
            raise InvalidMessage(msg, hint="Give it the usual ending, as .pdf or .wav.")
        return cls(_read(path), mime_type, path.name)


@define
class ToolCall:
    """A model's wish to have a tool run.

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


UserContent = Text | Image | File
AssistantContent = Text | Thinking | ToolCall


def _mime_type(path: Path) -> str:
    import mimetypes

    return mimetypes.guess_type(path.name)[0] or ""


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        msg = f"Cannot read {path}: {error.strerror or error}."
        raise InvalidMessage(msg) from error
