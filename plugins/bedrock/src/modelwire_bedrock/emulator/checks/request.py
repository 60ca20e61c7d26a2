"""The request as the checks see it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from attrs import field, frozen

from modelwire_bedrock.emulator.apis.mantle import MantleModel
from modelwire_bedrock.emulator.apis.paths import ApiPath
from modelwire_bedrock.emulator.catalogue import FoundationModel, InferenceProfile
from modelwire_bedrock.emulator.hosted import HostedModel, hosted_model

__all__ = ["FROM_MODEL", "MEDIA", "CheckedRequest", "unsupported_field"]

FROM_MODEL = "The model returned the following errors: "
"""The prefix of messages that come from the model's own service."""

MEDIA = ("image", "document", "video", "audio")
"""The kinds of media."""


def unsupported_field(field: str) -> str:
    """Bedrock's message for a field that a model does not have."""
    return f"This model doesn't support the {field} field. Remove {field} and try again."


@frozen
class CheckedRequest:
    """A data-plane request that follows the service model.

    Attributes:
        operation: As `ConverseStream`.
        model_id: The `modelId` as it was sent.
        target: What the catalogue has under that id, or `None`.
        body: The parameters of Converse; for CountTokens those inside `input.converse`.
        signatures: Signatures of thinking that this emulator has issued.
        api: The OpenAI-shaped or Anthropic-shaped API, or `None` for AWS's own operations.
        second: The model of the second endpoint, where the request goes there.
        raw: The body in the words of that API.
    """

    operation: str
    model_id: str
    target: FoundationModel | InferenceProfile | None
    body: Mapping[str, Any]
    signatures: Collection[str] = field(default=(), repr=False)
    api: ApiPath | None = None
    second: MantleModel | None = None
    raw: Mapping[str, Any] = field(factory=dict, repr=False)

    @property
    def model(self) -> FoundationModel | None:
        """The foundation model that would answer."""
        found = self.target
        return found.model if isinstance(found, InferenceProfile) else found

    @property
    def hosted(self) -> HostedModel:
        """The row of the model, which says what it accepts."""
        return hosted_model(self.model.id if self.model else "")

    @property
    def is_claude(self) -> bool:
        """Whether the model is one of Anthropic's."""
        return self.model is not None and self.model.id.startswith("anthropic.")

    @property
    def messages(self) -> list[dict[str, Any]]:
        """The messages."""
        return self.body.get("messages") or []

    @property
    def tools(self) -> list[dict[str, Any]]:
        """The entries of `toolConfig.tools`."""
        return (self.body.get("toolConfig") or {}).get("tools") or []

    @property
    def tool_choice(self) -> str | None:
        """`auto`, `any` or `tool`, or `None` where there is no choice."""
        choice = (self.body.get("toolConfig") or {}).get("toolChoice") or {}
        return next(iter(choice), None)

    @property
    def inference(self) -> Mapping[str, Any]:
        """The `inferenceConfig`."""
        return self.body.get("inferenceConfig") or {}

    @property
    def additional(self) -> Mapping[str, Any]:
        """The `additionalModelRequestFields`, where they are an object."""
        fields = self.body.get("additionalModelRequestFields")
        return fields if isinstance(fields, dict) else {}

    @property
    def thinking(self) -> str | None:
        """`enabled` or `adaptive` where the request asks Claude to think."""
        thinking = self.additional.get("thinking")
        kind = thinking.get("type") if isinstance(thinking, dict) else None
        return kind if kind in ("enabled", "adaptive") else None

    @property
    def thinks(self) -> bool:
        """Whether the request asks a model of any family to think."""
        path = self.hosted.effort_field
        effort: Any = self.additional if path else None
        for name in (path or "").split("."):
            effort = effort.get(name) if isinstance(effort, dict) else None
        return self.thinking is not None or effort not in (None, "none")

    def media(self) -> Iterator[tuple[str, str, dict[str, Any]]]:
        """Images, documents, videos and sounds, also in tool results: kind, place, block."""
        for at, position, block in self.blocks():
            place = f"messages.{at}.content.{position}"
            parts = block.get("toolResult", {}).get("content", ())
            inside = [(f"{place}.tool_result.content.{n}", part) for n, part in enumerate(parts)]
            for where, found in [(place, block), *inside]:
                for kind in MEDIA:
                    if kind in found:
                        yield kind, where, found[kind]

    def blocks(self) -> Iterator[tuple[int, int, dict[str, Any]]]:
        """All content blocks, with the positions of the message and of the block in it."""
        for at, message in enumerate(self.messages):
            for position, block in enumerate(message["content"]):
                yield at, position, block

    def tool_results(self) -> Iterator[tuple[int, int, dict[str, Any]]]:
        """All tool results, with their positions."""
        for at, position, block in self.blocks():
            if "toolResult" in block:
                yield at, position, block["toolResult"]

    def turns(self) -> Iterator[tuple[str, int, list[dict[str, Any]]]]:
        """Turns: adjacent messages of one role as one, with the position of the last of them."""
        role, blocks = "", list[dict[str, Any]]()
        for at, message in enumerate(self.messages):
            if message["role"] != role and role:
                yield role, at - 1, blocks
                blocks = []
            role = message["role"]
            blocks += message["content"]
        if role:
            yield role, len(self.messages) - 1, blocks
