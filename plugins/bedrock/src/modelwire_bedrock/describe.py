"""The description of a call, for `modelwire models explain`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelwire.redaction import shown_url
from modelwire_bedrock.aws.endpoints import Target, resolve_target
from modelwire_bedrock.converse.profiles import chosen_profile
from modelwire_bedrock.models.application_profiles import is_application_profile
from modelwire_bedrock.models.families import base_model_id, family_of
from modelwire_bedrock.routes.address import base_url, mantle_root
from modelwire_bedrock.routes.call import known_prefix
from modelwire_bedrock.routes.choice import check_region, choose_route, mantle_id
from modelwire_bedrock.settings import allows_global

if TYPE_CHECKING:
    from modelwire.config import Config, ProviderConfig
    from modelwire.hookspecs import CompletionOptions
    from modelwire.models import Model

__all__ = ["describe"]


def describe(
    model: Model, options: CompletionOptions, provider: ProviderConfig, config: Config
) -> dict[str, str]:
    """Say where a call of the model would go, and through which profile. No request is sent.

    Args:
        model: The model.
        options: The options of the call; `params` may name a region or a profile.
        provider: The provider's configuration.
        config: The whole configuration, for its environment.

    Raises:
        ConfigError: A setting is not valid.
    """
    target = resolve_target(model.id, model.base_url, provider, config, options.params)
    description = {"region": target.region, "regionSource": target.region_source}
    route = choose_route(model, provider)
    description |= {"api": route.api, "apiSource": route.reason}
    if target.profile:
        description["profile"] = target.profile
    if route.endpoint == "mantle":
        check_region(route, model, target.region)
        root = mantle_root(model, provider, target)
        called = mantle_id(model)
        description["endpoint"] = shown_url(
            base_url(root, route, known_prefix(root, called, route))
        )
        if called != model.id:
            description |= {"calledAs": called, "calledAsSource": "the id at Mantle"}
        return description
    description |= _endpoint(target)
    choice = chosen_profile(model, target, allow_global=allows_global(provider))
    if choice is not None:
        description |= {"calledAs": choice.model_id, "calledAsSource": choice.reason}
    description |= _base_model(model, called=choice.model_id if choice else model.id)
    base = model.extra.get("baseModel")
    known_base = base if isinstance(base, str) else None
    description["family"] = family_of(model.id, base_model=known_base, name=model.name).key
    return description


def _endpoint(target: Target) -> dict[str, str]:
    if target.endpoint_url:
        return {"endpoint": shown_url(target.endpoint_url).partition("?")[0]}
    kinds = {"FIPS 140": target.use_fips, "dual-stack": target.use_dual_stack}
    wanted = " ".join(kind for kind, used in kinds.items() if used)
    return {"endpoint": f"the {wanted + ' ' if wanted else ''}endpoint of {target.region}"}


def _base_model(model: Model, *, called: str) -> dict[str, str]:
    known = model.extra.get("baseModel")
    if isinstance(known, str):
        return {"baseModel": known, "baseModelSource": "discovery"}
    if is_application_profile(model.id):
        return {"baseModel": "unknown", "baseModelSource": "AWS names it when it is called"}
    base = base_model_id(called)
    return {} if base == called else {"baseModel": base, "baseModelSource": "the id"}
