"""The chunks of a Chat Completions stream that are a piece of text and nothing else."""

from __future__ import annotations

from typing import Final, Literal

from msgspec import Struct
from msgspec.json import Decoder

from modelwire.authoring import OrdinaryEvent, TypedEvents

__all__ = ["TYPED_CHUNKS"]


class _Delta(Struct, gc=False, forbid_unknown_fields=True):
    content: str


class _Choice(Struct, gc=False):
    delta: _Delta
    index: Literal[0] | None = None
    finish_reason: Literal[""] | None = None
    logprobs: None = None
    error: None = None


class _Chunk(OrdinaryEvent, gc=False, kw_only=True):
    choices: tuple[_Choice]
    usage: None = None
    object: Literal["chat.completion.chunk"] = "chat.completion.chunk"
    type: None = None


_decode = Decoder(_Chunk).decode


def _text(raw: bytes) -> str:
    return _decode(raw).choices[0].delta.content


TYPED_CHUNKS: Final = TypedEvents(b'{"content":', _text)
"""Their texts."""
