"""The inference profile of a call: which one, and the request that goes through it."""

from __future__ import annotations

from attrs import evolve

from modelwire.errors import InvalidRequest
from modelwire.models import Model
from modelwire.repair import Change
from modelwire_bedrock.aws.endpoints import Target
from modelwire_bedrock.converse.request import ConverseRequest
from modelwire_bedrock.models.inference_profiles import (
    NOTHING_KNOWN,
    Inventory,
    ProfileChoice,
    global_only,
    invalid_profiles,
    inventory_of,
    profile_for,
)

__all__ = ["chosen_profile", "known_inventory", "refuse_global_only", "through_profile"]


def known_inventory(model: Model, target: Target) -> Inventory:
    """The known offer of a region for one model.

    What this process has listed counts first. Where that has no word on the model, the list on disk
    does, from which the catalog has made the model.
    """
    listed = inventory_of(target.control_plane)
    if listed is not None and (model.id in listed.on_demand or listed.profiles_of(model.id)):
        return listed
    ids = model.extra.get("listedAs")
    if not ids and "discovered" not in model.sources:
        return NOTHING_KNOWN
    on_demand = {model.id} if "discovered" in model.sources else ()
    return Inventory(frozenset(on_demand), frozenset(ids if isinstance(ids, list) else ()))


def chosen_profile(
    model: Model, target: Target, *, refused: bool = False, allow_global: bool = False
) -> ProfileChoice | None:
    """The inference profile to call for a model, or `None` where its id is called directly.

    Args:
        model: The requested model.
        target: Where the call goes.
        refused: Whether AWS has already refused a call of the bare id.
        allow_global: Whether a global profile may be chosen.
    """
    return profile_for(
        model.id,
        target.region,
        inventory=known_inventory(model, target),
        refused=refused,
        allow_global=allow_global,
        invalid=invalid_profiles(target.runtime),
    )


def refuse_global_only(model: Model, target: Target, *, refused: bool = False) -> None:
    """Refuse a call that only a global profile could serve.

    Args:
        model: The requested model.
        target: Where the call goes.
        refused: Whether AWS has already refused a call of the model. What the table says does not
            count then.

    Raises:
        InvalidRequest: It is so; the error names the profile.
    """
    inventory = known_inventory(model, target)
    if refused and not inventory.profiles_of(model.id):
        return
    choice = global_only(
        model.id,
        target.region,
        inventory=inventory,
        refused=refused,
        invalid=invalid_profiles(target.runtime) if refused else (),
    )
    if choice is None:
        return
    msg = f"From {target.region}, {model.id} answers only through {choice.model_id}."
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
