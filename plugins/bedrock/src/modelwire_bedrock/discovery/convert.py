"""Conversion of AWS's listings into models."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from attrs import evolve, frozen

from modelwire.authoring import PriceEntry
from modelwire.models import InputKind, Model
from modelwire_bedrock.discovery.filters import base_of_profile
from modelwire_bedrock.embeddings.families import embedding_family
from modelwire_bedrock.models.families import UNKNOWN, family_of
from modelwire_bedrock.models.limits import limits_of
from modelwire_bedrock.models.prices import price_entry, priced_id
from modelwire_bedrock.settings import DEFAULT_CONTEXT_WINDOW, DEFAULT_MAX_TOKENS

__all__ = ["Mapper"]


_KINDS: tuple[InputKind, ...] = ("text", "image", "document", "audio", "video")
_MODALITIES: Mapping[str, InputKind] = {
    "text": "text",
    "image": "image",
    "speech": "audio",
    "audio": "audio",
    "video": "video",
}
"""AWS's modalities; a document is none of them, as the service reads it for the model."""


@frozen
class Mapper:
    """Makes models of summaries.

    Attributes:
        provider: The provider's id.
        api: The wire API.
        context_window: Tokens, for a model of unknown size.
        max_tokens: Tokens, for a model of unknown size.
        price_of: What is known about prices; a function of the id that is called.
    """

    provider: str
    api: str = "bedrock-converse-stream"
    context_window: int = DEFAULT_CONTEXT_WINDOW
    max_tokens: int = DEFAULT_MAX_TOKENS
    price_of: Callable[[str], PriceEntry] = price_entry

    def foundation(self, summary: Mapping[str, Any]) -> Model:
        """A foundation model under its own id."""
        model_id = str(summary["modelId"]).strip()
        modalities = [str(kind).lower() for kind in summary.get("inputModalities") or ()]
        name = str(summary.get("modelName") or "").strip() or model_id
        listed = {_MODALITIES[kind] for kind in modalities if kind in _MODALITIES} or {"text"}
        return self._model(model_id, name, model_id, frozenset(listed))

    def named(self, model_id: str) -> Model:
        """A model of which only the id is listed."""
        return self._model(model_id, model_id, model_id, None)

    def profile(self, summary: Mapping[str, Any], bases: Mapping[str, Model]) -> Model:
        """An inference profile, with all that its base model can do.

        AWS's own are called by their id, an application's by its ARN, whose id alone says nothing.

        Args:
            summary: An `InferenceProfileSummary`.
            bases: The region's foundation models, by id.
        """
        profile_id = str(summary["inferenceProfileId"]).strip()
        arn = str(summary.get("inferenceProfileArn") or "").strip()
        model_id = arn if summary.get("type") == "APPLICATION" and arn else profile_id
        name = str(summary.get("inferenceProfileName") or "").strip() or profile_id
        return self.through(model_id, name, base_of_profile(summary), bases)

    def through(
        self, model_id: str, name: str, base_id: str | None, bases: Mapping[str, Model]
    ) -> Model:
        """A model that is called through a profile."""
        base = bases.get(base_id or "")
        kinds = frozenset(base.input) if base and base.input else None
        model = self._model(model_id, name, base_id, kinds)
        if base is not None and model.reasoning is None:
            model = evolve(model, reasoning=base.reasoning)
        return evolve(model, extra={**model.extra, "baseModel": base_id}) if base_id else model

    def _model(
        self, model_id: str, name: str, base_id: str | None, kinds: frozenset[InputKind] | None
    ) -> Model:
        known_by = base_id or model_id
        if embedding_family(known_by) is not None:
            return self._embedding_model(model_id, name, base_id, kinds)
        limits, family = limits_of(known_by), family_of(known_by, name=name)
        price = self.price_of(priced_id(model_id, base_id))
        window = limits.context_window or price.context_window
        extra: dict[str, Any] = {}
        assumed = [
            key
            for key, value in (("contextWindow", window), ("maxTokens", limits.max_tokens))
            if value is None
        ]
        if assumed:
            extra["assumedLimits"] = assumed
        if price.dearer_above is not None:
            extra["pricesHoldUpTo"] = price.dearer_above
        if kinds is None and limits.images is not None:
            kinds = frozenset({"text", "image"} if limits.images else {"text"})
        return Model(
            provider=self.provider,
            id=model_id,
            name=name,
            api=self.api,
            reasoning=_reasons(known_by, name),
            input=_in_order(kinds | family.files) if kinds is not None else None,
            output=None if family is UNKNOWN and kinds is None else ("text",),
            tools=None if family is UNKNOWN else family.tools,
            prices=price.prices,
            context_window=window or self.context_window,
            max_tokens=limits.max_tokens or self.max_tokens,
            extra=extra,
            sources=("discovered",),
        )

    def _embedding_model(
        self, model_id: str, name: str, base_id: str | None, kinds: frozenset[InputKind] | None
    ) -> Model:
        price = self.price_of(priced_id(model_id, base_id))
        return Model(
            provider=self.provider,
            id=model_id,
            name=name,
            api=self.api,
            input=_in_order(kinds) if kinds is not None else None,
            output=("embedding",),
            prices=price.prices,
            context_window=price.context_window,
            sources=("discovered",),
        )


def _in_order(kinds: frozenset[InputKind]) -> tuple[InputKind, ...]:
    return tuple(kind for kind in _KINDS if kind in kinds)


def _reasons(model_id: str, name: str) -> bool | None:
    names = f"{model_id} {name}".lower()
    family = family_of(model_id, name=name)
    if family.thinking is not None or family.thinks:
        return True
    if limits_of(model_id).reasons or "thinking" in names or "reasoning" in names:
        return True
    return family.thinks
