"""GGUF files with another chat template or a pooling type, made of one that exists.

The format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
"""

import shutil
import struct
from pathlib import Path
from typing import BinaryIO

__all__ = ["write_with_pooling", "write_with_template"]

_ALIGNMENT = 32
_KEY = b"tokenizer.chat_template"
_UINT32, _STRING, _ARRAY = 4, 8, 9
_SIZES = {0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8}


def write_with_template(source: Path, target: Path, template: str) -> None:
    """Copy a GGUF file, with another chat template in place of its own."""
    replaced = _write(source, target, template, b"")
    assert replaced, "the file has no chat template"


def write_with_pooling(source: Path, target: Path, architecture: str, pooling: int) -> None:
    """Copy a GGUF file, and let it say how vectors of tokens become one of a text."""
    name = f"{architecture}.pooling_type".encode()
    entry = struct.pack("<Q", len(name)) + name + struct.pack("<II", _UINT32, pooling)
    _write(source, target, None, entry)


def _write(source: Path, target: Path, template: str | None, entry: bytes) -> bool:
    """Copy a file; whether its chat template was replaced."""
    with source.open("rb") as file, target.open("wb") as made:
        magic, version, tensors, keys = struct.unpack("<4sIQQ", file.read(24))
        assert (magic, version) == (b"GGUF", 3)
        made.write(struct.pack("<4sIQQ", magic, version, tensors, keys + bool(entry)))
        replaced = [_copy_entry(file, made, template) for _ in range(keys)]
        made.write(entry)
        for _ in range(tensors):
            _copy_tensor(file, made)
        file.seek(-file.tell() % _ALIGNMENT, 1)
        made.write(bytes(-made.tell() % _ALIGNMENT))
        shutil.copyfileobj(file, made)
    return any(replaced)


def _copy_entry(file: BinaryIO, made: BinaryIO, template: str | None) -> bool:
    """Copy a key and its value; whether it was the chat template, which is replaced."""
    key = _string(file)
    kind = file.read(4)
    value = _value(file, *struct.unpack("<I", kind))
    replaced = template is not None and key[8:] == _KEY
    if template is not None and replaced:
        text = template.encode()
        value = struct.pack("<Q", len(text)) + text
    made.write(key + kind + value)
    return replaced


def _value(file: BinaryIO, kind: int) -> bytes:
    if kind == _STRING:
        return _string(file)
    if kind == _ARRAY:
        head = file.read(12)
        inner, count = struct.unpack("<IQ", head)
        return head + b"".join(_value(file, inner) for _ in range(count))
    return file.read(_SIZES[kind])


def _string(file: BinaryIO) -> bytes:
    length = file.read(8)
    return length + file.read(*struct.unpack("<Q", length))


def _copy_tensor(file: BinaryIO, made: BinaryIO) -> None:
    """Copy the description of a tensor; its place is counted from where the tensors begin."""
    name = _string(file)
    dimensions = file.read(4)
    rest = file.read(8 * struct.unpack("<I", dimensions)[0] + 4 + 8)
    made.write(name + dimensions + rest)
