"""The table of OpenAI's own models: facts that the API does not report.

From OpenAI's public documentation of its models; the first row that fits counts.
"""

from __future__ import annotations

import re

from attrs import field, frozen

__all__ = ["OpenAIModel", "only_makes_embeddings", "openai_model"]


def _compiled(text: str) -> re.Pattern[str]:
    return re.compile(text)


@frozen
class OpenAIModel:
    """A family of models.

    Attributes:
        pattern: Ids of the family begin like this.
        reasoning: Whether it thinks before it answers.
        efforts: The effort levels, from low to high; empty where it does not think.
        sampling: Whether it takes `temperature`, `top_p` and `stop`.
        images: Whether it takes images.
    """

    pattern: re.Pattern[str] = field(converter=_compiled)
    reasoning: bool = False
    efforts: tuple[str, ...] = ()
    sampling: bool = True
    images: bool | None = None


_CLASSIC = ("low", "medium", "high")

_MODELS: tuple[OpenAIModel, ...] = (
    OpenAIModel(r"(chatgpt|gpt-5[\d.]*-chat)", images=True),
    OpenAIModel(r"gpt-5\.[2-9]", True, ("none", *_CLASSIC, "xhigh"), False, True),
    OpenAIModel(r"gpt-5\.1", True, ("none", *_CLASSIC), False, True),
    OpenAIModel(r"gpt-5", True, ("minimal", *_CLASSIC), False, True),
    OpenAIModel(r"o1-(mini|preview)", True, (), False, False),
    OpenAIModel(r"o3-mini", True, _CLASSIC, False, False),
    OpenAIModel(r"o\d", True, _CLASSIC, False, True),
    OpenAIModel(r"gpt-4(\.1|o|-turbo|\.5)", images=True),
    OpenAIModel(r"gpt-(4|3\.5)", images=False),
)


def openai_model(model_id: str) -> OpenAIModel | None:
    """The table row of a model; a fine-tuned one has that of its base."""
    base = model_id.removeprefix("ft:")
    return next((row for row in _MODELS if row.pattern.match(base)), None)


def only_makes_embeddings(model_id: str) -> bool:
    """Whether a model of OpenAI makes embeddings and answers no prompts."""
    return model_id.startswith("text-embedding-")
