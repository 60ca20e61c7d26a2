"""Settings of Amazon Bedrock, checked, with the path in every error.

models: { providers: { "amazon-bedrock": {
    region: "eu-central-1",
    profile: "work",                                      // or
    accessKeyId: "${KEY_ID}", secretAccessKey: "${SECRET}", sessionToken: "${TOKEN}",  // or
    apiKey: "${BEDROCK_API_KEY}",                         // a bearer token
    mintToken: false,                                     // a token instead of a signature
    signingService: "bedrock-mantle",                     // for an address of one's own
    allowGlobal: false,                                   // whether data may leave the geography
} } },
plugins: { entries: { "amazon-bedrock": { config: { discovery: {
    enabled: true, region: "us-west-2", providerFilter: ["anthropic"], refreshInterval: 3600,
    defaultContextWindow: 32000, defaultMaxTokens: 4096,
} } } } }
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from attrs import field, frozen

from modelwire.authoring import unusable_auth
from modelwire.errors import ConfigError, Problem
from modelwire.redaction import url_repr

if TYPE_CHECKING:
    from modelwire.config import Config, ProviderConfig
    from modelwire.hookspecs import DiscoverySettings

__all__ = [
    "AUTH",
    "DEFAULT_CONTEXT_WINDOW",
    "DEFAULT_MAX_TOKENS",
    "AccessSettings",
    "DiscoveryOptions",
    "access_settings",
    "allows_global",
    "discovery_options",
    "mints_tokens",
    "region_of_discovery",
    "signing_service",
]

AUTH = "aws-sdk"
"""The auth mode of this plugin."""

DEFAULT_CONTEXT_WINDOW = 32_000
"""Tokens assumed for a model that no table knows; small, so that no request is too long."""
DEFAULT_MAX_TOKENS = 4_096
"""Tokens of an answer assumed for a model that no table knows."""

# Older configurations name in `apiKey` the variable that showed that AWS credentials are there, or
# hold a placeholder. None of these is a bearer token.
_NO_TOKENS = frozenset(
    {
        "<authenticated>",
        "aws-sdk",
        "AWS_ACCESS_KEY_ID",
        "AWS_BEARER_TOKEN_BEDROCK",
        "AWS_PROFILE",
        "AWS_SECRET_ACCESS_KEY",
    }
)


_SERVICES = ("bedrock", "bedrock-mantle")


@frozen
class AccessSettings:
    """Explicit choices of the provider's configuration. `None` means that it does not say.

    Attributes:
        region: The region.
        base_url: The address of the runtime, at AWS or elsewhere.
        profile: A profile of the shared AWS configuration files.
        access_key_id: Half of a pair of static keys; both halves are there, or neither.
        secret_access_key: The other half.
        session_token: What temporary keys need beside the pair.
        bearer_token: A Bedrock API key.
    """

    region: str | None = None
    base_url: str | None = field(default=None, repr=url_repr)
    profile: str | None = None
    access_key_id: str | None = field(default=None, repr=False)
    secret_access_key: str | None = field(default=None, repr=False)
    session_token: str | None = field(default=None, repr=False)
    bearer_token: str | None = field(default=None, repr=False)


@frozen
class DiscoveryOptions:
    """How to list models.

    Attributes:
        region: The region to list models of, or `None` for the provider's.
        provider_filter: Makers of models in lower case, such as `anthropic`; empty for all.
        default_context_window: Tokens, for models of unknown size; `None` if it is not configured.
        default_max_tokens: Tokens, for models of unknown size; `None` if it is not configured.
    """

    region: str | None = None
    provider_filter: tuple[str, ...] = ()
    default_context_window: int | None = None
    default_max_tokens: int | None = None


def access_settings(provider: ProviderConfig, environ: Mapping[str, str]) -> AccessSettings:
    """Read the explicit choices of a provider's configuration.

    Raises:
        ConfigError: A choice has the wrong type, or a pair of keys has only one half.
    """
    if provider.delegated_auth not in (None, AUTH):
        raise unusable_auth(provider, f"Amazon Bedrock knows {AUTH!r} and keys of its own")
    key_id = _text(provider, "accessKeyId", environ)
    secret = _text(provider, "secretAccessKey", environ)
    if (key_id is None) != (secret is None):
        missing = "accessKeyId" if key_id is None else "secretAccessKey"
        raise _wrong(f"models.providers.{provider.id}.{missing}", "missing beside its other half")
    return AccessSettings(
        region=_stripped(provider.region),
        base_url=_stripped(provider.base_url),
        profile=_text(provider, "profile", environ),
        access_key_id=key_id,
        secret_access_key=secret,
        session_token=_text(provider, "sessionToken", environ),
        bearer_token=_bearer(provider, environ),
    )


def allows_global(provider: ProviderConfig) -> bool:
    """Whether a global profile may be chosen for a bare model id, as `allowGlobal` says.

    Raises:
        ConfigError: It is neither true nor false.
    """
    return _flag(provider, "allowGlobal")


def mints_tokens(provider: ProviderConfig) -> bool:
    """Whether requests carry a short-lived token that is minted from the credentials, as `mintToken` says.

    Raises:
        ConfigError: It is neither true nor false.
    """
    return _flag(provider, "mintToken")


def signing_service(provider: ProviderConfig) -> str | None:
    """The service name for signing requests to a custom address.

    Raises:
        ConfigError: There is no such service.
    """
    value = provider.extra.get("signingService")
    if value not in (None, *_SERVICES):
        known = " or ".join(f'"{name}"' for name in _SERVICES)
        raise _wrong(f"models.providers.{provider.id}.signingService", f"expected {known}")
    return value


def discovery_options(settings: DiscoverySettings, provider_id: str) -> DiscoveryOptions:
    """Read the discovery settings that only this plugin knows.

    Raises:
        ConfigError: A setting has the wrong type or an impossible value.
    """
    path = f"plugins.entries.{provider_id}.config.discovery"
    values = settings.values
    region = values.get("region")
    if region is not None and not isinstance(region, str):
        raise _wrong(f"{path}.region", "expected a string")
    makers = values.get("providerFilter")
    if makers is None:
        makers = []
    if not isinstance(makers, list) or not all(isinstance(maker, str) for maker in makers):
        raise _wrong(f"{path}.providerFilter", "expected a list of strings")
    return DiscoveryOptions(
        region=_stripped(region),
        provider_filter=tuple(sorted({m.strip().lower() for m in makers if m.strip()})),
        default_context_window=_tokens(values, "defaultContextWindow", path),
        default_max_tokens=_tokens(values, "defaultMaxTokens", path),
    )


def region_of_discovery(config: Config, provider_id: str) -> str | None:
    """The region of the discovery settings, from either of their homes."""
    names = dict.fromkeys(("amazon-bedrock", "bedrock", "aws-bedrock", provider_id))
    homes = [config.models.extra.get(f"{name}Discovery") for name in names]
    entries = [config.plugins.entries[name] for name in names if name in config.plugins.entries]
    homes += [entry.config.get("discovery") for entry in entries]
    found = [home.get("region") for home in homes if isinstance(home, Mapping)]
    return next((_stripped(name) for name in reversed(found) if isinstance(name, str)), None)


def _flag(provider: ProviderConfig, key: str) -> bool:
    value = provider.extra.get(key, False)
    if not isinstance(value, bool):
        raise _wrong(f"models.providers.{provider.id}.{key}", "expected true or false")
    return value


def _bearer(provider: ProviderConfig, environ: Mapping[str, str]) -> str | None:
    key = provider.api_key
    if isinstance(key, str) and key.strip() in _NO_TOKENS:
        return None
    return provider.resolve_api_key(environ)


def _text(provider: ProviderConfig, key: str, environ: Mapping[str, str]) -> str | None:
    value = provider.extra.get(key)
    if isinstance(value, Mapping) and value.get("source") == "env":
        value = environ.get(str(value.get("id")), "")
    if value is None or isinstance(value, str):
        return _stripped(value)
    raise _wrong(f"models.providers.{provider.id}.{key}", "expected a string")


def _tokens(values: Mapping[str, Any], key: str, path: str) -> int | None:
    value = values.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 1 <= value < 2**53:
        raise _wrong(f"{path}.{key}", "expected a number of tokens from 1")
    return int(value)


def _stripped(text: str | None) -> str | None:
    return (text or "").strip() or None


def _wrong(path: str, message: str) -> ConfigError:
    return ConfigError("The configuration is not valid.", problems=[Problem(path, message)])
