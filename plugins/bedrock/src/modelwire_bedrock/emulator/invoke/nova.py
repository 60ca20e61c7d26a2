"""Nova's bodies: those of Converse, with a version of the schema."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from modelwire_bedrock.emulator.invoke.body import BodyFormat, member, read_base64

__all__ = ["NOVA"]


def _read(body: Mapping[str, Any]) -> dict[str, Any]:
    parameters: dict[str, Any] = {"messages": _decoded(member(body, "messages", list))}
    for message in parameters["messages"]:
        member(message, "role", str)
        member(message, "content", list)
    for name, kind in (("system", list), ("toolConfig", dict)):
        if body.get(name) is not None:
            parameters[name] = member(body, name, kind)
    config = dict(member(body, "inferenceConfig", dict, {}))
    # Older requests have the names of Amazon's first models.
    if "max_new_tokens" in config:
        config["maxTokens"] = config.pop("max_new_tokens")
    member(config, "maxTokens", int, None)
    return {**parameters, "inferenceConfig": config}


def _decoded(value: Any) -> Any:
    """The same with bytes decoded."""
    if isinstance(value, dict):
        return {
            key: read_base64(item) if key == "bytes" else _decoded(item)
            for key, item in value.items()
        }
    return [_decoded(item) for item in value] if isinstance(value, list) else value


def _write(model: str, answer: Mapping[str, Any]) -> dict[str, Any]:
    del model
    return {name: answer[name] for name in ("output", "stopReason", "usage")}


class _Chunks:
    def __init__(self, model: str) -> None:
        del model

    def feed(self, name: str, payload: Mapping[str, Any]) -> Sequence[dict[str, Any]]:
        return [{name: dict(payload)}]


NOVA = BodyFormat(
    "Amazon Nova",
    ("amazon.nova-micro-*", "amazon.nova-lite-*", "amazon.nova-pro-*", "amazon.nova-premier-*", "amazon.nova-2-lite-*", "amazon.nova-2-pro-*"),
    _read,
    _write,
    _Chunks,
)  # fmt: skip
