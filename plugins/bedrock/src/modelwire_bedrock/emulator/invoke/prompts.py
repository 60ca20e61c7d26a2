"""Bodies with one prompt: Titan Text, Llama, Mistral, DeepSeek R1 and Cohere Command."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from attrs import frozen

from modelwire_bedrock.emulator.invoke.body import (
    BodyFormat,
    answer_text,
    counts,
    inference,
    member,
)

__all__ = ["COMMAND", "COMMAND_R", "LLAMA", "MISTRAL", "R1", "TITAN"]

_Piece = Callable[[str, str | None, Mapping[str, Any]], dict[str, Any]]
"""Writes a piece of text, the stop reason of Converse at the end, and the usage then."""


@frozen
class _Chunks:
    """Pieces of text as they come, and one without text at the end."""

    piece: _Piece
    stop: list[str]

    def feed(self, name: str, payload: Mapping[str, Any]) -> Sequence[dict[str, Any]]:
        if name == "contentBlockDelta" and "text" in payload["delta"]:
            return [self.piece(payload["delta"]["text"], None, {})]
        if name == "messageStop":
            self.stop.append(payload["stopReason"])
        if name == "metadata":
            return [self.piece("", self.stop[-1] if self.stop else "end_turn", payload["usage"])]
        return []


def _format(
    name: str,
    patterns: Sequence[str],
    prompt: str,
    names: Mapping[str, str],
    piece: _Piece,
    whole: _Piece | None = None,
    config: str | None = None,
) -> BodyFormat:
    """A format of one prompt.

    Args:
        name: The family.
        patterns: The ids of the models.
        prompt: The member that holds the prompt.
        names: What the members of `inferenceConfig` are called.
        piece: Writes a chunk of a stream.
        whole: Writes the whole answer, where it differs from a chunk.
        config: The member that holds the settings, where they are not beside the prompt.
    """

    def read(body: Mapping[str, Any]) -> dict[str, Any]:
        messages = [{"role": "user", "content": [{"text": member(body, prompt, str)}]}]
        settings = member(body, config, dict, {}) if config else body
        return {"messages": messages, "inferenceConfig": inference(settings, names)}

    def write(model: str, answer: Mapping[str, Any]) -> dict[str, Any]:
        del model
        return (whole or piece)(answer_text(answer), answer["stopReason"], answer["usage"])

    return BodyFormat(name, tuple(patterns), read, write, lambda _: _Chunks(piece, []))


def _ended(stop: str | None, end: str, length: str) -> str | None:
    return None if stop is None else length if stop == "max_tokens" else end


def _titan(text: str, stop: str | None, usage: Mapping[str, Any]) -> dict[str, Any]:
    read, written = counts(usage)
    reason = _ended(stop, "FINISH", "LENGTH")
    piece = {"outputText": text, "index": 0, "completionReason": reason}
    known = stop is not None
    return {
        **piece,
        "totalOutputTextTokenCount": written if known else None,
        "inputTextTokenCount": read if known else None,
    }


def _titan_whole(text: str, stop: str | None, usage: Mapping[str, Any]) -> dict[str, Any]:
    read, written = counts(usage)
    reason = _ended(stop, "FINISH", "LENGTH")
    result = {"tokenCount": written, "outputText": text, "completionReason": reason}
    return {"inputTextTokenCount": read, "results": [result]}


def _llama(text: str, stop: str | None, usage: Mapping[str, Any]) -> dict[str, Any]:
    read, written = counts(usage)
    known = stop is not None
    return {
        "generation": text,
        "prompt_token_count": read if known else None,
        "generation_token_count": written if known else None,
        "stop_reason": _ended(stop, "stop", "length"),
    }


def _mistral(text: str, stop: str | None, usage: Mapping[str, Any]) -> dict[str, Any]:
    del usage
    return {"outputs": [{"text": text, "stop_reason": _ended(stop, "stop", "length")}]}


def _r1(text: str, stop: str | None, usage: Mapping[str, Any]) -> dict[str, Any]:
    del usage
    return {"choices": [{"text": text, "stop_reason": _ended(stop, "stop", "length")}]}


def _command(text: str, stop: str | None, usage: Mapping[str, Any]) -> dict[str, Any]:
    del usage
    reason = _ended(stop, "COMPLETE", "MAX_TOKENS")
    return {"text": text, "finish_reason": reason, "is_finished": stop is not None}


def _command_whole(text: str, stop: str | None, usage: Mapping[str, Any]) -> dict[str, Any]:
    del usage
    reason = _ended(stop, "COMPLETE", "MAX_TOKENS")
    one = {"id": str(uuid.uuid4()), "text": text, "finish_reason": reason}
    return {"id": str(uuid.uuid4()), "generations": [one]}


def _command_r(text: str, stop: str | None, usage: Mapping[str, Any]) -> dict[str, Any]:
    if stop is None:
        return {"is_finished": False, "event_type": "text-generation", "text": text}
    end = {"is_finished": True, "event_type": "stream-end"}
    answer = _command_r_whole(text, stop, usage)
    return {**end, "response": answer, "finish_reason": answer["finish_reason"]}


def _command_r_whole(text: str, stop: str | None, usage: Mapping[str, Any]) -> dict[str, Any]:
    del usage
    ids = {"response_id": str(uuid.uuid4()), "generation_id": str(uuid.uuid4())}
    return {**ids, "text": text, "finish_reason": _ended(stop, "COMPLETE", "MAX_TOKENS")}


def _read_command_r(body: Mapping[str, Any]) -> dict[str, Any]:
    roles = {"USER": "user", "CHATBOT": "assistant"}
    messages = [
        {
            "role": roles.get(member(turn, "role", str), "user"),
            "content": [{"text": member(turn, "message", str)}],
        }
        for turn in member(body, "chat_history", list, [])
    ]
    messages.append({"role": "user", "content": [{"text": member(body, "message", str)}]})
    parameters: dict[str, Any] = {"messages": messages, "inferenceConfig": inference(body, _COHERE)}
    if body.get("preamble"):
        parameters["system"] = [{"text": member(body, "preamble", str)}]
    return parameters


_COHERE = {
    "maxTokens": "max_tokens",
    "temperature": "temperature",
    "topP": "p",
    "stopSequences": "stop_sequences",
}
_OPEN = {"maxTokens": "max_tokens", "temperature": "temperature", "topP": "top_p"}

TITAN = _format(
    "Amazon Titan Text",
    ("amazon.titan-text-*",),
    "inputText",
    {**_OPEN, "maxTokens": "maxTokenCount", "topP": "topP", "stopSequences": "stopSequences"},
    _titan,
    _titan_whole,
    "textGenerationConfig",
)
LLAMA = _format(
    "Meta Llama", ("meta.llama*",), "prompt", {**_OPEN, "maxTokens": "max_gen_len"}, _llama
)
MISTRAL = _format(
    "Mistral AI",
    ("mistral.mistral-7b-*", "mistral.mixtral-*", "mistral.mistral-small-24*", "mistral.mistral-large-2402-*"),
    "prompt",
    {**_OPEN, "stopSequences": "stop"},
    _mistral,
)  # fmt: skip
R1 = _format("DeepSeek R1", ("deepseek.r1-*",), "prompt", {**_OPEN, "stopSequences": "stop"}, _r1)
COMMAND = _format(
    "Cohere Command",
    ("cohere.command-text-*", "cohere.command-light-*"),
    "prompt",
    _COHERE,
    _command,
    _command_whole,
)
COMMAND_R = BodyFormat(
    "Cohere Command R",
    ("cohere.command-r-*",),
    _read_command_r,
    lambda _, answer: _command_r_whole(answer_text(answer), answer["stopReason"], answer["usage"]),
    lambda _: _Chunks(_command_r, []),
)
