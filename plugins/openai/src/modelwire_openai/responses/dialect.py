"""Dialects: the features of a service beyond the core of the Responses API.

All services that implement it know `store` and `strict`, and leaving them out means yes, so both
are always sent. Fields for OpenAI's own implementation are sent only where that implementation answers.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from attrs import Factory, frozen

from modelwire.models import Model
from modelwire_openai.addresses import is_azure
from modelwire_openai.compat import Compat

__all__ = ["Dialect", "dialect_of"]

_OPENAI = re.compile(r"([a-z0-9-]+\.)?api\.openai\.com")
_BEDROCK = re.compile(r"bedrock-mantle\.[a-z0-9-]+\.api\.aws")


@frozen
class Dialect:
    """The features that a host accepts.

    Attributes:
        native: Whether OpenAI's own implementation answers: its own service, or that which Azure or
            Bedrock runs.
        compat: Deviations; `supports_store`, `supports_strict_mode`, `supports_prompt_cache_key`,
            `supports_long_cache_retention` and those about reasoning efforts count here.
    """

    native: bool = True
    compat: Compat = Factory(Compat)


def dialect_of(host: str, model: Model) -> Dialect:
    """The dialect of a host, adjusted by the model's `compat` block."""
    openai = _OPENAI.fullmatch(host) is not None
    native = openai or is_azure(host) or _BEDROCK.fullmatch(host) is not None
    compat = Compat(supports_prompt_cache_key=native, supports_long_cache_retention=openai)
    settings = model.extra.get("compat")
    if isinstance(settings, Mapping):
        compat = compat.overridden(settings)
    return Dialect(native, compat)
