"""The inference profile of an embedding model, where AWS has refused its own id."""

from __future__ import annotations

from collections.abc import Hashable
from typing import TYPE_CHECKING

from modelwire_bedrock.converse.profiles import chosen_profile, known_inventory
from modelwire_bedrock.discovery.profile_lookup import look_up_profiles
from modelwire_bedrock.error_rules import Symptom
from modelwire_bedrock.errors import ServiceFault
from modelwire_bedrock.models.memory import Memory

if TYPE_CHECKING:
    from modelwire.errors import InvalidRequest
    from modelwire.models import Model
    from modelwire.transport import Transport
    from modelwire_bedrock.aws.clients import Clients
    from modelwire_bedrock.aws.endpoints import Target

__all__ = ["called_as", "profile_after_refusal"]

_PROFILES: Memory[str] = Memory()
"""Profiles through which models answered whose ids were refused, for the requests that follow."""


def called_as(model: Model, target: Target) -> str:
    """The id to call: the model's, or the profile that has served it in this process."""
    return _PROFILES.get(_key(model, target)) or model.id


async def profile_after_refusal(
    refusal: InvalidRequest,
    model: Model,
    target: Target,
    clients: Clients,
    transport: Transport,
    *,
    allow_global: bool,
) -> str | None:
    """The profile to call after a refusal, or `None` where none would help.

    Which models are served by profiles only is not guessed. Where none is known, the region's
    profiles are listed, once in this process.

    Args:
        refusal: With what the model's id was refused.
        model: The model.
        target: Where the call goes.
        clients: The clients of the process.
        transport: What carries the question to the control plane.
        allow_global: Whether a global profile may be chosen.
    """
    fault = refusal.__cause__
    if not isinstance(fault, ServiceFault) or fault.symptom is not Symptom.ON_DEMAND_UNSUPPORTED:
        return None
    if not known_inventory(model, target).profiles_of(model.id):
        await look_up_profiles(target, clients, transport)
    choice = chosen_profile(model, target, refused=True, allow_global=allow_global)
    if choice is None:
        return None
    profile = choice.model_id
    _PROFILES.update(_key(model, target), lambda _: profile)
    return profile


def _key(model: Model, target: Target) -> Hashable:
    return (target.control_plane, model.id)
