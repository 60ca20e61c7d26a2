"""The models of a region: foundation models and inference profiles, listed side by side."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from attrs import frozen

from modelwire.errors import AccessDenied
from modelwire.models import Model, ModelList
from modelwire_bedrock.aws.clients import Clients, shared_clients
from modelwire_bedrock.aws.control_plane import Operation
from modelwire_bedrock.aws.endpoints import resolve_target
from modelwire_bedrock.discovery.convert import Mapper
from modelwire_bedrock.discovery.filters import offers_chat, offers_embeddings, offers_profile
from modelwire_bedrock.discovery.pages import all_pages
from modelwire_bedrock.models.inference_profiles import (
    Inventory,
    profile_for,
    remember_inventory,
)
from modelwire_bedrock.settings import (
    DEFAULT_CONTEXT_WINDOW,
    DEFAULT_MAX_TOKENS,
    DiscoveryOptions,
    discovery_options,
)

if TYPE_CHECKING:
    from modelwire.config import Config, ProviderConfig
    from modelwire.hookspecs import DiscoverySettings
    from modelwire.transport import Transport
    from modelwire_bedrock.aws.endpoints import Target

__all__ = ["RegionListing", "discover", "models_in"]


@frozen
class RegionListing:
    """The models that AWS lists in a region; `None` where the identity may not list them.

    Attributes:
        models: Summaries of ListFoundationModels.
        profiles: Summaries of ListInferenceProfiles.
        incomplete: What is missing and why, a sentence each.
    """

    models: Sequence[Mapping[str, Any]] | None
    profiles: Sequence[Mapping[str, Any]] | None
    incomplete: tuple[str, ...] = ()


async def discover(
    provider: ProviderConfig,
    settings: DiscoverySettings,
    config: Config,
    transport: Transport,
    *,
    clients: Clients | None = None,
) -> ModelList:
    """List the models that a region offers.

    Without the permission for one of the lists, the others are used, and the result says that it is
    incomplete.

    Args:
        provider: The provider's configuration.
        settings: The discovery settings.
        config: The whole configuration, for its environment.
        transport: What carries the requests.
        clients: The boto3 clients; by default those of the process.

    Raises:
        ConfigError: A setting is not valid.
        AccessDenied: Neither list may be read.
        ProviderError: No request could be sent, or AWS failed.
    """
    options = discovery_options(settings, provider.id)
    target = resolve_target(None, None, provider, config, discovery_region=options.region)
    listing = await _ask(target, clients or shared_clients(), transport)
    _remember(target, listing)
    mapper = Mapper(
        provider.id,
        context_window=options.default_context_window
        or provider.context_window
        or DEFAULT_CONTEXT_WINDOW,
        max_tokens=options.default_max_tokens or provider.most_tokens or DEFAULT_MAX_TOKENS,
    )
    from asyncio import to_thread

    # Prices come from a package that is slow to import.
    models = await to_thread(models_in, listing, options, mapper, target.region)
    return ModelList(models, listing.incomplete)


def models_in(
    listing: RegionListing, options: DiscoveryOptions, mapper: Mapper, region: str
) -> list[Model]:
    """Make models of what AWS lists: filtered, each under an id that can be called, in order.

    A foundation model that cannot be called by its own id is offered through its profiles. Where
    profiles may not be listed, the id of its geography's profile is assumed and marked unchecked.

    Args:
        listing: What AWS lists.
        options: Which models are wanted.
        mapper: Makes the models.
        region: The region that the models are listed for.
    """
    makers = options.provider_filter
    wanted = [
        item
        for item in listing.models or ()
        if offers_chat(item, makers) or offers_embeddings(item, makers)
    ]
    bases = {model.id: model for model in map(mapper.foundation, wanted)}
    found = [bases[_id(item)] for item in wanted if _on_demand(item)]
    if listing.profiles is not None:
        offered = [item for item in listing.profiles if offers_profile(item, makers)]
        found += [mapper.profile(item, bases) for item in offered]
    else:
        for item in wanted:
            choice = profile_for(_id(item), region, refused=True)
            if choice is not None and _by_profile(item) and not _on_demand(item):
                base = bases[_id(item)]
                model = mapper.through(choice.model_id, base.name, base.id, bases)
                model.extra["unchecked"] = True
                found.append(model)
    unique: dict[str, Model] = {}
    for model in found:
        unique.setdefault(model.id.lower(), model)
    return sorted(unique.values(), key=_order)


async def _ask(target: Target, clients: Clients, transport: Transport) -> RegionListing:
    from asyncio import TaskGroup

    async def pages(operation: Operation, key: str, **params: Any) -> Any:
        try:
            return await all_pages(operation, key, params, target, clients, transport)
        except AccessDenied as error:
            return error

    try:
        async with TaskGroup() as group:
            models = group.create_task(pages("list_foundation_models", "modelSummaries"))
            key = "inferenceProfileSummaries"
            profiles = group.create_task(pages("list_inference_profiles", key))
            # Without the type AWS lists its own profiles only.
            own = group.create_task(pages("list_inference_profiles", key, typeEquals="APPLICATION"))
    except BaseExceptionGroup as failures:
        raise failures.exceptions[0] from failures.exceptions[0].__cause__
    found, ready = models.result(), profiles.result()
    if isinstance(found, AccessDenied) and isinstance(ready, AccessDenied):
        found.hint = (
            "Allow bedrock:ListFoundationModels and bedrock:ListInferenceProfiles in IAM, or "
            "describe the models in models.providers.amazon-bedrock.models."
        )
        raise found
    applications = own.result()
    refused = {
        "models": isinstance(found, AccessDenied),
        "profiles": isinstance(ready, AccessDenied),
        "applications": isinstance(applications, AccessDenied),
    }
    if not (refused["profiles"] or refused["applications"]):
        ready = [*ready, *applications]
    return RegionListing(
        models=None if refused["models"] else found,
        profiles=None if refused["profiles"] else ready,
        incomplete=_reasons(target, {name for name in refused if refused[name]}),
    )


_LACKING = {
    "models": ("ListFoundationModels", "Only models with an inference profile are listed."),
    "profiles": (
        "ListInferenceProfiles",
        "Models with a profile only are listed under a likely one; application profiles are not.",
    ),
    "applications": (
        "ListInferenceProfiles",
        "This account's application profiles are not listed.",
    ),
}
"""For each list that may be refused, the IAM action and the consequence."""


def _reasons(target: Target, refused: Collection[str]) -> tuple[str, ...]:
    """Why a list is incomplete of which IAM refused some parts."""
    if "profiles" in refused:
        refused = set(refused) - {"applications"}
    return tuple(
        f"The IAM action bedrock:{action} is not allowed for the AWS credentials from "
        f"{target.choice.source}. {consequence}"
        for name, (action, consequence) in _LACKING.items()
        if name in refused
    )


def _remember(target: Target, listing: RegionListing) -> None:
    if listing.models is None or listing.profiles is None:
        return
    on_demand = frozenset(_id(item) for item in listing.models if _on_demand(item))
    ids = (str(item.get("inferenceProfileId", "")).strip() for item in listing.profiles)
    remember_inventory(target.control_plane, Inventory(on_demand, frozenset(ids)))


def _on_demand(summary: Mapping[str, Any]) -> bool:
    """Whether a model answers by its own id; where AWS does not say how, it is taken to."""
    types = summary.get("inferenceTypesSupported")
    return not types or "ON_DEMAND" in types


def _by_profile(summary: Mapping[str, Any]) -> bool:
    return "INFERENCE_PROFILE" in (summary.get("inferenceTypesSupported") or ())


def _id(summary: Mapping[str, Any]) -> str:
    return str(summary.get("modelId") or "").strip()


def _order(model: Model) -> tuple[bool, bool, str, str, str]:
    embeds = model.output == ("embedding",)
    name = model.name
    return (embeds, not model.id.startswith("global."), name.casefold(), name, model.id)
