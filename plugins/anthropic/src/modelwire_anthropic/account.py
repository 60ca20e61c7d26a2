"""The account: the base URL, the key and the headers of every request."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from attrs import field, frozen

from modelwire.authoring import key_variable, missing_key
from modelwire.errors import ConfigError
from modelwire.redaction import url_repr

if TYPE_CHECKING:
    from modelwire.config import Config, ProviderConfig
    from modelwire.models import Model

__all__ = [
    "API",
    "PROVIDER",
    "PUBLIC_HEADERS",
    "URL_VARIABLE",
    "Account",
    "address_of",
    "key_variables",
    "resolve_account",
]

PROVIDER = "anthropic"
PUBLIC_HEADERS = frozenset({"anthropic-version"})
"""Header fields of this API that hold no secret."""

API = "anthropic-messages"
URL_VARIABLE = "ANTHROPIC_BASE_URL"
_ADDRESS = "https://api.anthropic.com"
_VERSION = "2023-06-01"
"""The version of the API; https://docs.anthropic.com/en/api/versioning knows no newer one."""

_KEY_HEADERS = frozenset({"authorization", "x-api-key"})
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


@frozen
class Account:
    """The address and the credentials of requests.

    Attributes:
        provider: The provider's id, for errors.
        base_url: The address, before `/v1`.
        headers: The header fields of every request, with the key.
        key_source: Where the key was found, such as `env: ANTHROPIC_API_KEY`, or `None`.
        key: The key, or `None` where none is sent.
    """

    provider: str
    base_url: str = field(repr=url_repr)
    headers: Mapping[str, str] = field(factory=dict, repr=False)
    key_source: str | None = None
    key: str | None = field(default=None, repr=False)

    def url(self, route: str) -> str:
        """The URL of a route, such as `messages`."""
        return f"{self.base_url}/v1/{route}"


def resolve_account(
    provider: ProviderConfig, config: Config, model: Model | None = None
) -> Account:
    """Find the address and the credentials of requests.

    The address is the model's, the provider's, that of `ANTHROPIC_BASE_URL`, or Anthropic's own. The
    key is the provider's `apiKey`, or that of `ANTHROPIC_API_KEY`; a token of
    `ANTHROPIC_AUTH_TOKEN` is sent as `Authorization`, as gateways require. A provider of the user's
    own has the variable `<ID>_API_KEY`, and never gets another's key. No key is looked up where a
    plugin owns the auth mode.

    Raises:
        ConfigError: There is no address, or it is not a URL.
        AuthenticationError: There is no key; the hint names the variable.
    """
    base_url = address_of(provider, config, model)
    own = {**provider.headers, **(model.headers if model else {})}
    headers = {"anthropic-version": _VERSION, **{k.lower(): v for k, v in own.items()}}
    if provider.delegated_auth is not None:
        return Account(provider.id, base_url, headers)
    if _KEY_HEADERS & headers.keys():
        return Account(provider.id, base_url, headers, "headers of the configuration")
    found = _find_key(provider, config)
    if found is None:
        if provider.auth_header is False or urlsplit(base_url).hostname in _LOOPBACK:
            return Account(provider.id, base_url, headers)
        raise missing_key(provider.id, key_variables(provider.id)[:1])
    key, source, as_token = found
    if provider.auth_header is not False:
        bearer = as_token or provider.auth_header is True
        headers |= {"authorization": f"Bearer {key}"} if bearer else {"x-api-key": key}
    return Account(provider.id, base_url, headers, source, key)


def _find_key(provider: ProviderConfig, config: Config) -> tuple[str, str, bool] | None:
    """The key, its source, and whether it is a token."""
    configured = provider.resolve_api_key(config.environ)
    if configured:
        return configured, f"models.providers.{provider.id}.apiKey", False
    for name in key_variables(provider.id):
        if value := config.environ.get(name, "").strip():
            return value, f"env: {name}", name.endswith("_AUTH_TOKEN")
    return None


def key_variables(provider: str) -> tuple[str, ...]:
    """The environment variables that may hold a provider's key, the usual one first."""
    if provider == PROVIDER:
        return ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN")
    return (key_variable(provider),)


def address_of(provider: ProviderConfig, config: Config, model: Model | None = None) -> str:
    """The address that requests go to, before `/v1`; no key is looked for.

    Raises:
        ConfigError: There is no address, or it is not a URL.
    """
    written = (model.base_url if model else None) or provider.base_url or ""
    if provider.id == PROVIDER:
        written = written or config.environ.get(URL_VARIABLE, "").strip() or _ADDRESS
    path = f"models.providers.{provider.id}.baseUrl"
    if not written:
        msg = f"The provider {provider.id!r} has no base URL."
        raise ConfigError(msg, hint=f"Set {path}.")
    parts = urlsplit(written.strip())
    if parts.scheme not in ("http", "https") or not parts.hostname:
        msg = f"The base URL of the provider {provider.id!r} is not a URL."
        raise ConfigError(msg, hint=f"Set {path} to an address such as {_ADDRESS}.")
    # Users configure the address of the service, of its API or of the route.
    address = written.strip().rstrip("/").removesuffix("/messages").removesuffix("/v1")
    return address.rstrip("/")
