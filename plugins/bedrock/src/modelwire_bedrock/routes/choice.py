"""The choice of a route: which endpoint and which wire API a model is called through, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import frozen

from modelwire.authoring import DerivedValues
from modelwire.errors import InvalidRequest, NotFound
from modelwire_bedrock.aws.service_hosts import is_mantle
from modelwire_bedrock.models.routes import (
    CHAT,
    CONVERSE,
    MANTLE_PROVIDER,
    MANTLE_REGIONS,
    MESSAGES,
    OTHER_APIS,
    Endpoint,
    Prefix,
    RouteRow,
    mantle_name,
    routes_of,
)

if TYPE_CHECKING:
    from modelwire.config import ProviderConfig
    from modelwire.models import Model

__all__ = ["RouteChoice", "check_region", "choose_route", "mantle_id"]


@frozen
class RouteChoice:
    """A route that was chosen.

    Attributes:
        endpoint: The endpoint of AWS.
        api: The wire API.
        reason: Why, in a few words.
        prefix: The path of OpenAI's APIs at Mantle.
        fixed: Whether the user named the endpoint, so that any region is theirs to know.
    """

    endpoint: Endpoint
    api: str
    reason: str
    prefix: Prefix = "v1"
    fixed: bool = False


def choose_route(model: Model, provider: ProviderConfig) -> RouteChoice:
    """Choose the route to a model.

    An `api` of the model or the provider in the configuration is used where it is one of another plugin;
    else Converse is, where the model has it. An endpoint that serves the API is looked for in the
    table, the runtime first. The provider `amazon-bedrock-mantle`, and an address of Mantle, keep to
    that endpoint.
    """
    return _chosen.derive((model, provider), None, lambda: _choose(model, provider))


_chosen: DerivedValues[RouteChoice] = DerivedValues()


def _choose(model: Model, provider: ProviderConfig) -> RouteChoice:
    row = routes_of(_base(model))
    configured, source = _configured_api(model, provider)
    if provider.id == MANTLE_PROVIDER or is_mantle(model.base_url or provider.base_url):
        api = configured or _usual_at_mantle(row, model)
        reason = source or _evidence(row) or "the usual API of its maker"
        return RouteChoice("mantle", api, reason, _prefix(row), fixed=True)
    if configured is not None:
        if (
            row is not None
            and configured not in row.runtime
            and (configured in row.mantle or not row.runtime)
        ):
            reason = f"{source}; only Mantle has the model or the API ({_evidence(row)})"
            return RouteChoice("mantle", configured, reason, _prefix(row))
        return RouteChoice("runtime", configured, source)
    if row is None or CONVERSE in row.runtime:
        return RouteChoice("runtime", CONVERSE, "the default where a model has it")
    reason = f"the model is not on Converse ({_evidence(row)})"
    if row.runtime:
        return RouteChoice("runtime", row.runtime[0], reason)
    return RouteChoice("mantle", row.mantle[0], reason, _prefix(row))


def check_region(choice: RouteChoice, model: Model, region: str) -> None:
    """Refuse a route to Mantle that was not requested, from a region that does not have it.

    Raises:
        NotFound: It is so; the regions that have it are named.
    """
    if choice.endpoint != "mantle" or choice.fixed:
        return
    row = routes_of(_base(model))
    regions = (row.regions if row is not None else ()) or MANTLE_REGIONS
    if region not in regions:
        raise NotFound(
            f"{model.id} is served by the endpoint bedrock-mantle alone, which does not have it in "
            f"{region}, but in {', '.join(regions)}.",
            retryable=False,
            hint=f"Set models.providers.{model.provider}.region to one of them, or name the address "
            f"in the provider {MANTLE_PROVIDER} if {region} has it by now.",
        )


def mantle_id(model: Model) -> str:
    """The id of a model at Mantle, which takes bare ids only.

    Raises:
        InvalidRequest: It is an ARN.
    """
    if model.id.strip().lower().startswith("arn:"):
        msg = "The endpoint bedrock-mantle takes ids of models, and no ARN."
        raise InvalidRequest(msg, hint="Name the model behind the ARN.")
    return mantle_name(model.id)


def _configured_api(model: Model, provider: ProviderConfig) -> tuple[str | None, str]:
    """The API of another plugin that the configuration names, and where."""
    entry = next((entry for entry in provider.models if entry.id == model.id), None)
    if entry is not None and entry.api in OTHER_APIS:
        return entry.api, "the api of the model in the configuration"
    if entry is not None and entry.api is not None:
        return None, ""
    if provider.api in OTHER_APIS:
        return provider.api, f"models.providers.{provider.id}.api"
    return None, ""


def _usual_at_mantle(row: RouteRow | None, model: Model) -> str:
    if row is not None and row.mantle:
        return row.mantle[0]
    return MESSAGES if "claude" in model.id.lower() else CHAT


def _prefix(row: RouteRow | None) -> Prefix:
    return row.prefix if row is not None else "v1"


def _evidence(row: RouteRow | None) -> str:
    return f"{row.evidence}, {row.checked}" if row is not None else ""


def _base(model: Model) -> str:
    known = model.extra.get("baseModel")
    return known if isinstance(known, str) else model.id
