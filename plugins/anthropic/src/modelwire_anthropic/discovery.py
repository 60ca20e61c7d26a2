"""Discovery of models: `GET /v1/models`, page by page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from modelwire.errors import MalformedResponse
from modelwire.models import InputKind, Model, ModelList
from modelwire_anthropic.account import API, Account, resolve_account
from modelwire_anthropic.client import fetch_json

if TYPE_CHECKING:
    from modelwire.config import Config, ProviderConfig
    from modelwire.transport import Transport

__all__ = ["discover"]

_PAGE = 1000
_MOST_PAGES = 50


async def discover(provider: ProviderConfig, config: Config, transport: Transport) -> ModelList:
    """List the models that the key may use, the newest first.

    Where there are more pages than can be read, the result says that it is incomplete.

    Raises:
        ConfigError: A setting is not valid.
        ProviderError: The service cannot be reached, or refused.
    """
    account = resolve_account(provider, config)
    found: dict[str, Model] = {}
    after: str | None = None
    for _ in range(_MOST_PAGES):
        page = await _page(account, after, transport)
        for entry in page["data"]:
            if isinstance(entry, Mapping) and isinstance(entry.get("id"), str) and entry["id"]:
                found.setdefault(entry["id"], _model(entry, provider.id))
        last = page.get("last_id")
        if page.get("has_more") is not True:
            return ModelList(found.values())
        if not isinstance(last, str) or last == after:
            return ModelList(found.values(), "The service has more models, but names no next page.")
        after = last
    return ModelList(found.values(), f"Only the first {_MOST_PAGES} pages of models were read.")


async def _page(account: Account, after: str | None, transport: Transport) -> Mapping[str, Any]:
    query = urlencode({"limit": _PAGE, **({"after_id": after} if after else {})})
    page = await fetch_json(account, f"models?{query}", transport=transport)
    if not isinstance(page, Mapping) or not isinstance(page.get("data"), list):
        msg = "The list of models is not a list."
        raise MalformedResponse(msg, provider=account.provider, retryable=False)
    return page


def _model(entry: Mapping[str, Any], provider: str) -> Model:
    """Make a model of an entry; what it does not say is unknown."""
    able = entry.get("capabilities")
    able = able if isinstance(able, Mapping) else {}
    name = entry.get("display_name")
    thinking = _supported(able, "thinking")
    extra: dict[str, Any] = {}
    if types := _kinds(able, "thinking", "types"):
        extra["thinkingTypes"] = types
    if efforts := _kinds(able, "effort"):
        extra["efforts"] = efforts
    if (schema := _supported(able, "structured_outputs")) is not None:
        extra["structuredOutputs"] = schema
    return Model(
        provider=provider,
        id=entry["id"],
        name=name if isinstance(name, str) and name.strip() else entry["id"],
        api=API,
        reasoning=thinking,
        input=_inputs(able),
        context_window=_count(entry.get("max_input_tokens")),
        max_tokens=_count(entry.get("max_tokens")),
        extra=extra,
    )


def _inputs(able: Mapping[str, Any]) -> tuple[InputKind, ...] | None:
    images, documents = _supported(able, "image_input"), _supported(able, "pdf_input")
    if images is None and documents is None:
        return None
    kinds: list[InputKind] = ["text"]
    if images:
        kinds.append("image")
    if documents:
        kinds.append("document")
    return tuple(kinds)


def _kinds(able: Mapping[str, Any], *path: str) -> list[str]:
    """The names under a capability that are supported."""
    found: Any = able
    for step in path:
        found = found.get(step) if isinstance(found, Mapping) else None
    if not isinstance(found, Mapping):
        return []
    return [name for name in found if _supported(found, name)]


def _supported(able: Mapping[str, Any], name: str) -> bool | None:
    capability = able.get(name)
    value = capability.get("supported") if isinstance(capability, Mapping) else None
    return value if isinstance(value, bool) else None


def _count(value: Any) -> int | None:
    whole = isinstance(value, int) and not isinstance(value, bool) and value > 0
    return value if whole else None
