"""The table of model families, and the family of a model.

The rows are in a module for each maker; the first whose pattern is found in a model's id decides.
"""

from __future__ import annotations

import re
from functools import lru_cache

from modelwire_bedrock.models.claude import CLAUDE
from modelwire_bedrock.models.family import ANY_CALL, CachePlace, Family, FileKind
from modelwire_bedrock.models.gpt_and_grok import GPT_AND_GROK
from modelwire_bedrock.models.nova import AMAZON
from modelwire_bedrock.models.open_models import OPEN_MODELS

__all__ = [
    "FAMILIES",
    "GEOGRAPHIES",
    "UNKNOWN",
    "CachePlace",
    "Family",
    "FileKind",
    "base_model_id",
    "family_of",
]

GEOGRAPHIES = (
    "us-gov", "us", "eu", "apac", "ap", "jp", "au", "in", "ca", "sa", "amer", "global",
)  # fmt: skip
"""Prefixes that make an inference profile's id of a model's id."""

FAMILIES: tuple[Family, ...] = (*CLAUDE, *AMAZON, *GPT_AND_GROK, *OPEN_MODELS)
"""Every family that is known, most particular first."""

UNKNOWN = Family(
    "unknown",
    "",
    "hearsay: what the service takes from most",
    forced=ANY_CALL,
    off=None,
)
"""For a model that no row fits; the service is left to judge."""

_PREFIX = re.compile(rf"^(?:{'|'.join(GEOGRAPHIES)})\.(?=[a-z0-9])", re.IGNORECASE)
_SEPARATORS = re.compile(r"[.\s_/]+")


@lru_cache(maxsize=512)
def base_model_id(model_id: str) -> str:
    """A model's id without what an ARN or the name of a geography puts around it.

    An ARN that names no model, as that of an application inference profile, gives its last part.
    """
    text = model_id.strip()
    if text.lower().startswith("arn:"):
        resource = text.split(":", 5)[-1]
        kind, _, rest = resource.partition("/")
        text = rest.split("/")[0] if rest else kind
    return _PREFIX.sub("", text)


@lru_cache(maxsize=512)
def family_of(model_id: str, *, base_model: str | None = None, name: str | None = None) -> Family:
    """The family of a model.

    Args:
        model_id: Its id: bare, with a geography before it, or an ARN.
        base_model: The model behind an inference profile, where it is known.
        name: The model's display name, used where an ARN is opaque.
    """
    for candidate in (base_model, model_id, name):
        if not candidate:
            continue
        wanted = _SEPARATORS.sub("-", base_model_id(candidate).lower())
        for family in FAMILIES:
            if family.expression.search(wanted):
                return family
    return UNKNOWN
