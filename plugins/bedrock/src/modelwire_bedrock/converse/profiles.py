"""The inference profile of a call: which one, and the request that goes through it."""

from __future__ import annotations

from attrs import evolve

from modelwire.errors import InvalidRequest
from modelwire.repair import Change
from modelwire_bedrock.aws.endpoints import Target
from modelwire_bedrock.converse.request import ConverseRequest
from modelwire_bedrock.models.inference_profiles import (
    ProfileChoice,
    global_only,
    invalid_profiles,
    inventory_of,
    profile_for,
)

__all__ = ["chosen_profile", "refuse_global_only", "through_profile"]


def chosen_profile(
    model_id: str, target: Target, *, refused: bool = False, allow_global: bool = False
) -> ProfileChoice | None:
    """The inference profile to call for a model, or `None` where its id is called as it is.

    Args:
        model_id: The id that was asked for.
        target: Where the call goes.
        refused: Whether AWS has already refused a call of the bare id.
        allow_global: Whether a global profile may be chosen.
    """
    return profile_for(
        model_id,
        target.region,
        inventory=inventory_of(target.control_plane),
        refused=refused,
        allow_global=allow_global,
        invalid=invalid_profiles(target.runtime),
    )


def refuse_global_only(model_id: str, target: Target) -> None:
    """Refuse a call that only a global profile could serve.

    Raises:
        InvalidRequest: It is so; the error names the profile.
    """
    inventory = inventory_of(target.control_plane)
    choice = global_only(model_id, target.region, inventory=inventory)
    if choice is None:
        return
    msg = f"From {target.region}, {model_id} answers only through {choice.model_id}."
    raise InvalidRequest(
        msg,
        hint=f"AWS may process what it is sent in any region. Call {choice.model_id}, or set "
        "models.providers.amazon-bedrock.allowGlobal to true.",
    )


def through_profile(choice: ProfileChoice, request: ConverseRequest) -> ConverseRequest:
    """The same request to an inference profile; the history is still that of the model."""
    return evolve(
        request,
        payload={**request.payload, "modelId": choice.model_id},
        changes=(*request.changes, Change("rewritten", "model", choice.reason)),
    )
