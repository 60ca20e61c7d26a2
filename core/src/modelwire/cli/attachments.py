"""Attachments: files that go with a prompt, recognised by their bytes."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from modelwire.cli.standard_input import LARGEST, is_piped
from modelwire.errors import InvalidMessage
from modelwire.files import user_path
from modelwire.messages import File, Image, Text

__all__ = ["attach", "media_type"]

_STARTS = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"II*\0", "image/tiff"),
    (b"MM\0*", "image/tiff"),
    (b"%PDF-", "application/pdf"),
    (b"ID3\x02", "audio/mpeg"),
    (b"ID3\x03", "audio/mpeg"),
    (b"ID3\x04", "audio/mpeg"),
    (b"fLaC", "audio/flac"),
    (b"OggS", "audio/ogg"),
    (b"FLV\x01", "video/x-flv"),
    (b"\0\0\x01\xba", "video/mpeg"),
    (b"\0\0\x01\xb3", "video/mpeg"),
)
_RIFF = {b"WEBP": "image/webp", b"WAVE": "audio/wav"}
_BRANDS = {
    b"avif": "image/avif",
    b"heic": "image/heic",
    b"heix": "image/heic",
    b"mif1": "image/heic",
    b"qt  ": "video/quicktime",
    b"M4A ": "audio/mp4",
    b"M4B ": "audio/mp4",
}
_OFFICE = "application/vnd.openxmlformats-officedocument"
_ARCHIVES = {
    ".docx": f"{_OFFICE}.wordprocessingml.document",
    ".xlsx": f"{_OFFICE}.spreadsheetml.sheet",
    ".pptx": f"{_OFFICE}.presentationml.presentation",
}
_COMPOUND = {".doc": "application/msword", ".xls": "application/vnd.ms-excel"}
_IMAGES = ("image/png", "image/jpeg", "image/gif", "image/webp")
_CONTROLS = frozenset(map(chr, range(32))) - set("\t\n\v\f\r\x1b")


def attach(images: Sequence[str], files: Sequence[str]) -> list[Image | File | Text]:
    """Read files for a message, the images first.

    What a file is follows from its bytes. A file of text becomes text with its name, which every
    model understands; an image among the files becomes an image.

    Args:
        images: Paths of images in PNG, JPEG, GIF or WebP; `-` is standard input.
        files: Paths of documents, sounds, films, images or texts; `-` is standard input.

    Raises:
        InvalidMessage: A file cannot be read, is empty, too large, or of a kind that no model takes.
    """
    read: list[Image | File | Text] = [_as_image(*_read(path)) for path in images]
    return read + [_file(path) for path in files]


def media_type(data: bytes, name: str = "") -> str | None:
    """Determine the media type of a file by its first bytes, or `None` if they are not known.

    Args:
        data: The file, or its beginning.
        name: Its name, which distinguishes the kinds of office documents.
    """
    known = (found for start, found in _STARTS if data.startswith(start))
    return next(known, None) or _by_container(data, Path(name).suffix.lower()) or _by_frame(data)


def _by_container(data: bytes, ending: str) -> str | None:
    """The media type of the content of a container that can hold several kinds."""
    match data[:4]:
        case b"RIFF":
            return _RIFF.get(data[8:12])
        case b"\x1a\x45\xdf\xa3":
            return "video/webm" if b"webm" in data[:64] else "video/x-matroska"
        case b"PK\x03\x04":
            return _ARCHIVES.get(ending)
        case b"\xd0\xcf\x11\xe0":
            return _COMPOUND.get(ending)
    is_iso = data[:1] == b"\0" and data[4:8] == b"ftyp"
    return _BRANDS.get(data[8:12], "video/mp4") if is_iso else None


def _by_frame(data: bytes) -> str | None:
    """The media type of what has no more than a weak mark at its beginning."""
    if data[:2] == b"BM" and data[6:10] == bytes(4):
        return "image/bmp"
    if len(data) < 2 or data[0] != 0xFF:
        return None
    if data[1] & 0xE6 == 0xE2:  # the frame sync of MPEG audio, layer III
        return "audio/mpeg"
    return "audio/aac" if data[1] & 0xF6 == 0xF0 else None  # that of AAC in ADTS


def _as_image(name: str, data: bytes) -> Image:
    found = media_type(data, name)
    if found in _IMAGES:
        return Image(data, found)
    if found is not None and found.startswith("image/"):
        msg = f"{name} is an image in {found.partition('/')[2].upper()}, which models do not take."
        raise InvalidMessage(msg, hint="Convert it to PNG or JPEG.")
    msg = f"{name} is not an image in PNG, JPEG, GIF or WebP."
    raise InvalidMessage(msg, hint="Give documents, sounds and texts with --file.")


def _file(path: str) -> Image | File | Text:
    name, data = _read(path)
    found = media_type(data, name)
    if found is None:
        text = _text(data)
        if text is None:
            msg = f"{name} is neither text in UTF-8 nor of a kind that models take."
            raise InvalidMessage(msg, hint="Convert it to PDF or to text.")
        quoted = name.replace("&", "&amp;").replace('"', "&quot;").replace("\n", " ")
        ended = text if text.endswith("\n") else f"{text}\n"
        return Text(f'<file name="{quoted}">\n{ended}</file>')
    if found.startswith("image/"):
        return _as_image(name, data)
    return File(data, found, None if path == "-" else name)


def _read(path: str) -> tuple[str, bytes]:
    """The name of a file without its folders, and its bytes."""
    if path == "-":
        name, data = "standard input", _standard_input()
    else:
        name, data = Path(path).name, _bytes_of(path)
    if not data:
        msg = f"{path if path != '-' else 'Standard input'} is empty."
        raise InvalidMessage(msg)
    return name, data


def _bytes_of(path: str) -> bytes:
    try:
        with user_path(path).open("rb") as file:
            data = file.read(LARGEST + 1)
    except (OSError, ValueError) as error:
        msg = f"Cannot read {path}: {getattr(error, 'strerror', None) or error}."
        raise InvalidMessage(msg) from None
    _check_size(path, data)
    return data


def _standard_input() -> bytes:
    if not is_piped():
        msg = "There is nothing on standard input to attach; pipe a file in."
        raise InvalidMessage(msg)
    data = sys.stdin.buffer.read(LARGEST + 1)
    _check_size("Standard input", data)
    return data


def _check_size(name: str, data: bytes) -> None:
    if len(data) > LARGEST:
        msg = f"{name} is larger than {LARGEST // 2**20} MiB, which no provider takes."
        raise InvalidMessage(msg, hint="Make it smaller, or attach a part of it.")


def _text(data: bytes) -> str | None:
    marked = data.startswith((b"\xff\xfe", b"\xfe\xff"))
    try:
        text = data.decode("utf-16" if marked else "utf-8-sig")
    except UnicodeDecodeError:
        return None
    return None if _CONTROLS.intersection(text) else text
