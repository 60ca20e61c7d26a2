"""Refusals that name a field which a client's own API has and the provider's does not."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Final

from attrs import evolve

from modelwire.dialects import Note, ServedCall
from modelwire.errors import InvalidRequest

__all__ = ["refused_field", "without_fields"]

_EXTRA: Final = re.compile(r"\b([a-z][a-z0-9_]*): Extra inputs are not permitted")
_BETA: Final = re.compile(r"invalid beta flag|unsupported beta|anthropic-beta", re.IGNORECASE)
_BETAS: Final = "betas"

_HALVES: Final = {"context_management": "context-management-", "output_config": "effort-"}
"""Fields that a beta goes with: one without the other is refused, or does nothing."""


def refused_field(call: ServedCall, error: InvalidRequest) -> str | None:
    """The field of a client that a provider refused by its name, if the call can do without it."""
    named = _EXTRA.search(error.message)
    if named is not None:
        return named[1] if named[1] in call.passed else None
    if _BETA.search(error.message) and call.options.params.get(_BETAS):
        return _BETAS
    return None


def without_fields(call: ServedCall, fields: Collection[str]) -> ServedCall:
    """The same call without fields that the provider does not take, and without their betas."""
    if not fields:
        return call
    params = dict(call.options.params)
    notes = list(call.notes)
    for name in fields:
        if params.pop(name, None) is None:
            continue
        path = "anthropic-beta" if name == _BETAS else name
        notes.append(Note(path, "The provider does not take it."))
        start = _HALVES.get(name)
        if start is not None and isinstance(params.get(_BETAS), list):
            params[_BETAS] = [beta for beta in params[_BETAS] if not beta.startswith(start)]
    return evolve(call, options=evolve(call.options, params=params), notes=notes)
