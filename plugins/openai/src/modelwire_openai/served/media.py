"""Recordings in requests of OpenAI's APIs."""

from __future__ import annotations

from typing import Final

from modelwire.dialects import Fields, decode_base64
from modelwire.messages import File

__all__ = ["input_audio"]

_AUDIO: Final = {"wav": "audio/wav", "mp3": "audio/mpeg"}


def input_audio(audio: Fields) -> File:
    """Read the recording of a part `input_audio`, as both APIs of OpenAI have it.

    Raises:
        BadRequest: It is not base64, or of a format that they do not have.
    """
    form = audio.one_of("format", _AUDIO)
    if form is None:
        raise audio.error("format", f"one of {', '.join(_AUDIO)}")
    return File(decode_base64(audio.need_text("data"), audio.place("data")), form)
