"""Filters of listed models: for conversations or embeddings, and by the user's settings."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any

from modelwire_bedrock.embeddings.families import embedding_family
from modelwire_bedrock.models.families import GEOGRAPHIES, family_of
from modelwire_bedrock.models.inference_profiles import base_of_all

__all__ = [
    "answers_in_text",
    "base_of_profile",
    "offers_chat",
    "offers_embeddings",
    "offers_profile",
]

_FOUNDATION_MODEL = re.compile(r"foundation-model/(.+)$")
_GEOGRAPHY = re.compile(rf"^(?:{'|'.join(GEOGRAPHIES)})\.(.+)$", re.IGNORECASE)
# The Converse API does not serve these: another endpoint of AWS does, or they embed or speak.
_ELSEWHERE = re.compile(
    r"claude-mythos-preview|cohere\.embed|marengo|titan-embed|embed-|nova-(?:2-)?sonic",
    re.IGNORECASE,
)


def answers_in_text(model_id: str) -> bool:
    """Whether a model of which only the id is known is one for conversations."""
    return _ELSEWHERE.search(model_id) is None


def offers_chat(summary: Mapping[str, Any], makers: Collection[str]) -> bool:
    """Whether a foundation model answers in text, streams, is active, and is of a chosen maker.

    Args:
        summary: A `FoundationModelSummary` of ListFoundationModels.
        makers: Makers in lower case; empty for all.
    """
    model_id = _text(summary, "modelId")
    outputs = [str(kind).lower() for kind in summary.get("outputModalities") or ()]
    status = _text(summary.get("modelLifecycle") or {}, "status")
    return (
        bool(model_id)
        and (not makers or _maker(summary, model_id) in makers)
        and summary.get("responseStreamingSupported") is True
        and _ELSEWHERE.search(model_id) is None
        and family_of(model_id).converse
        and "text" in outputs
        and status.upper() == "ACTIVE"
    )


def offers_embeddings(summary: Mapping[str, Any], makers: Collection[str]) -> bool:
    """Whether a foundation model makes text embeddings in a known way, is active and chosen.

    Args:
        summary: A `FoundationModelSummary` of ListFoundationModels.
        makers: Makers in lower case; empty for all.
    """
    model_id = _text(summary, "modelId")
    return (
        embedding_family(model_id) is not None
        and (not makers or _maker(summary, model_id) in makers)
        and _text(summary.get("modelLifecycle") or {}, "status").upper() == "ACTIVE"
    )


def offers_profile(summary: Mapping[str, Any], makers: Collection[str]) -> bool:
    """Whether an inference profile is active, and its models are for conversations or embeddings.

    Args:
        summary: An `InferenceProfileSummary` of ListInferenceProfiles.
        makers: Makers in lower case, one of which must have made one of the models; empty for all.
    """
    profile_id = _text(summary, "inferenceProfileId")
    behind = [_text(model, "modelArn").partition("/")[2] for model in summary.get("models") or ()]
    named = (profile_id, *behind)
    return (
        bool(profile_id)
        and _text(summary, "status").upper() == "ACTIVE"
        and (not makers or any(model.partition(".")[0].lower() in makers for model in behind))
        and (
            any(embedding_family(name) for name in named)
            or not any(_ELSEWHERE.search(name) or not family_of(name).converse for name in named)
        )
    )


def base_of_profile(summary: Mapping[str, Any]) -> str | None:
    """The model behind a profile: the one that its ARNs name, else the one that its id does.

    Only ids of AWS's own profiles are read; an application's may look like one by chance.
    """
    arns = [_text(model, "modelArn") for model in summary.get("models") or ()]
    behind = [match[1] for arn in arns if (match := _FOUNDATION_MODEL.search(arn))]
    if behind:
        return base_of_all(behind)
    if _text(summary, "type") == "SYSTEM_DEFINED":
        match = _GEOGRAPHY.match(_text(summary, "inferenceProfileId"))
        return match[1] if match else None
    return None


def _maker(summary: Mapping[str, Any], model_id: str) -> str:
    return (_text(summary, "providerName") or model_id.partition(".")[0]).lower()


def _text(data: Mapping[str, Any], key: str) -> str:
    value = data.get(key)
    return value.strip() if isinstance(value, str) else ""
