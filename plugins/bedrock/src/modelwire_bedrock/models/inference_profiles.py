"""Inference profiles: which one serves a model that cannot be called by its own id.

Newer models answer only through an inference profile, which spreads requests over the regions of
one geography; a call of `anthropic.claude-sonnet-4-5-…` is refused, one of `us.anthropic.…` is not.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Hashable, Sequence
from functools import lru_cache

from attrs import frozen

from modelwire_bedrock.models.families import base_model_id, family_of
from modelwire_bedrock.models.geographies import known_geographies
from modelwire_bedrock.models.memory import Memory

__all__ = [
    "GEOGRAPHIES_OF_REGION",
    "Inventory",
    "ProfileChoice",
    "base_of_all",
    "geographies_of",
    "global_only",
    "invalid_profiles",
    "inventory_of",
    "profile_for",
    "remember_invalid",
    "remember_inventory",
]

# Regions by the beginning of their names, most particular first, each with the geographies whose
# profiles can be called from it, nearest first. `global` is in none: data would leave the
# geography, and that is for the user to choose.
# evidence: us, eu, apac, au, jp: the reference, 3.4; in: the ids of genai-prices; the others: hearsay.
GEOGRAPHIES_OF_REGION: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("us-gov-", ("us-gov",)),
    ("us-", ("us",)),
    ("ca-central-1", ("ca", "us")),
    ("ca-", ("ca",)),
    ("eu-", ("eu",)),
    ("ap-northeast-1", ("jp", "apac")),
    ("ap-northeast-3", ("jp", "apac")),
    ("ap-southeast-2", ("au", "apac")),
    ("ap-southeast-4", ("au", "apac")),
    ("ap-south-", ("in", "apac")),
    ("ap-", ("apac",)),
    ("sa-", ("sa",)),
)

# Where only some models can be called through a profile of another geography's: by the beginning of
# the region's name and the geography, the models, by their bare ids.
# evidence: AWS's blog on cross-region inference from Canada, which begins with Claude 4.5; 2026-11.
_SOME_MODELS: tuple[tuple[str, str, re.Pattern[str]], ...] = (
    ("ca-", "us", re.compile(r"anthropic\.claude-[a-z]+-(?:4-[5-9]|[5-9]|\d\d)")),
)

# Models that AWS serves by profile only wherever it serves them.
# evidence: the refusals collected in the reference, 3.2, and peers, 4.29; hearsay in the particulars.
_PROFILE_ONLY = re.compile(
    r"anthropic\.claude-(?:3-7-|(?:opus|sonnet|haiku|fable|mythos)-[4-9])"
    r"|amazon\.nova-(?:premier|2-)"
    r"|meta\.llama(?:3-[23]-|4-)"
    r"|deepseek\.r1-"
    r"|mistral\.pixtral-"
    r"|writer\.palmyra-"
    r"|openai\.gpt-6"
    r"|xai\.grok-"
    r"|zai\.glm-5\.3"
)


@frozen
class Inventory:
    """The models and profiles that a region offered when it was last listed.

    Attributes:
        on_demand: Models that can be called by their own id.
        profiles: Ids of inference profiles.
    """

    on_demand: frozenset[str]
    profiles: frozenset[str]

    def profiles_of(self, model_id: str) -> frozenset[str]:
        """The profiles of a model, of every geography."""
        return frozenset(name for name in self.profiles if name.partition(".")[2] == model_id)


NOTHING_KNOWN = Inventory(frozenset(), frozenset())
"""The inventory of a region that says nothing of a model."""


@frozen
class ProfileChoice:
    """A profile to call in the place of a model.

    Attributes:
        model_id: The profile's id.
        reason: Why, in one sentence; to be shown.
    """

    model_id: str
    reason: str


def geographies_of(region: str) -> tuple[str, ...]:
    """The geographies whose profiles can be called from a region, nearest first."""
    return next((found for start, found in GEOGRAPHIES_OF_REGION if region.startswith(start)), ())


def profile_for(
    model_id: str,
    region: str,
    *,
    inventory: Inventory | None = None,
    refused: bool = False,
    allow_global: bool = False,
    invalid: Collection[str] = (),
) -> ProfileChoice | None:
    """Find the profile to call for a model, or `None` where the id can be called directly.

    Args:
        model_id: The requested id. An ARN, or an id with a geography, is not changed.
        region: The region that is called.
        inventory: What the region offers, where its lists were read. Where it has a profile of the
            model, the table of profiles is not used.
        refused: Whether AWS has already refused a call of the bare id.
        allow_global: Whether a global profile may be chosen, so that data may leave the geography.
        invalid: Ids of profiles that AWS has called invalid.
    """
    return _profile_for(model_id, region, inventory, refused, allow_global, frozenset(invalid))


@lru_cache(maxsize=256)
def _profile_for(
    model_id: str,
    region: str,
    inventory: Inventory | None,
    refused: bool,
    allow_global: bool,
    invalid: frozenset[str],
) -> ProfileChoice | None:
    if not _is_bare(model_id):
        return None
    if not refused and inventory is not None and model_id in inventory.on_demand:
        return None
    geographies = [*geographies_of(region), *(["global"] if allow_global else [])]
    candidates = [f"{geography}.{model_id}" for geography in geographies]
    listed = inventory.profiles_of(model_id).difference(invalid) if inventory else frozenset()
    if listed:
        offered = [profile for profile in candidates if profile in listed]
        return _choice(offered[0], model_id, region) if offered else None
    if refused or _PROFILE_ONLY.match(model_id):
        every = _likely(model_id, region, geographies)
        likely = [id_ for id_ in every if id_ not in invalid]
        if not refused:
            likely = likely or every
        if likely:
            return _choice(likely[0], model_id, region)
    return None


def global_only(
    model_id: str,
    region: str,
    *,
    inventory: Inventory | None = None,
    refused: bool = False,
    invalid: Collection[str] = (),
) -> ProfileChoice | None:
    """The global profile of a model that has no other to be called from a region, if so.

    Args:
        model_id: The requested id.
        region: The region that is called.
        inventory: What the region offers, where its lists were read.
        refused: Whether AWS has already refused a call of the bare id.
        invalid: Ids of profiles that AWS has called invalid.
    """
    if not (refused or _PROFILE_ONLY.match(model_id)):
        return None
    local, anywhere = (
        profile_for(
            model_id,
            region,
            inventory=inventory,
            refused=refused,
            invalid=invalid,
            allow_global=allowed,
        )
        for allowed in (False, True)
    )
    return None if local is not None else anywhere


def _is_bare(model_id: str) -> bool:
    arn = model_id.startswith("arn:")
    return not arn and base_model_id(model_id) == model_id and "." in model_id


def _likely(model_id: str, region: str, geographies: Sequence[str]) -> list[str]:
    """The profiles that a model has by the table, the surest first.

    Of a model that the table does not know, not every one has a profile of the nearest geography; the
    widest is the likeliest.
    """
    geographies = [name for name in geographies if _has_model(region, name, model_id)]
    known = known_geographies(model_id)
    if known is None:
        ordered = [name for name in reversed(geographies) if name != "global"]
        ordered += [name for name in geographies if name == "global"]
    else:
        ordered = [name for group in known for name in geographies if name in group]
    return [f"{geography}.{model_id}" for geography in ordered]


def _has_model(region: str, geography: str, model_id: str) -> bool:
    """Whether a model can be called from a region through a geography, as far as is known."""
    return all(
        models.match(model_id)
        for start, name, models in _SOME_MODELS
        if region.startswith(start) and geography == name
    )


def base_of_all(model_ids: Sequence[str]) -> str | None:
    """The model that speaks for all behind one profile: the first, where all are of one family.

    A request goes to any of them, so what one refuses may not be sent.
    """
    families = {family_of(model_id).key for model_id in model_ids}
    return model_ids[0] if len(families) == 1 else None


def _choice(profile: str, model_id: str, region: str) -> ProfileChoice:
    reason = (
        f"{model_id} answers only through an inference profile; from {region} that is {profile}."
    )
    return ProfileChoice(profile, reason)


_inventories = Memory[Inventory]()
_invalid = Memory[frozenset[str]]()


def remember_inventory(place: Hashable, inventory: Inventory) -> None:
    """Keep what a region offered to an identity, for calls of this process.

    Args:
        place: The identity, the region and the control plane, as `Target.control_plane` has them.
        inventory: What it offered.
    """
    _inventories.update(place, lambda _: inventory)


def inventory_of(place: Hashable) -> Inventory | None:
    """A region's offer to an identity when this process last listed it, or `None`."""
    return _inventories.get(place)


def remember_invalid(place: Hashable, profile: str) -> frozenset[str]:
    """Keep that AWS called the id of a profile invalid, for calls of this process; all of them."""
    _invalid.update(place, lambda known: (known or frozenset()) | {profile})
    return invalid_profiles(place)


def invalid_profiles(place: Hashable) -> frozenset[str]:
    """The ids of profiles that AWS called invalid in this process."""
    return _invalid.get(place) or frozenset()
