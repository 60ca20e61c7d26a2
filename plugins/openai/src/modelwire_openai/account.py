"""The account: the base URL, the key and the headers, from configuration and server table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from attrs import field, frozen

from modelwire.authoring import key_variable, missing_key
from modelwire.errors import ConfigError
from modelwire.transport import merge_headers
from modelwire_openai.addresses import Address, is_azure, is_loopback
from modelwire_openai.compat import Compat
from modelwire_openai.servers import COMPLETIONS, FOREIGN, OLLAMA, Server, server_at, server_of

if TYPE_CHECKING:
    from modelwire.config import Config, ProviderConfig
    from modelwire.models import Model

__all__ = [
    "ACCOUNT_PARAMETERS",
    "Account",
    "KeySource",
    "address_of",
    "default_api",
    "find_key",
    "key_variables",
    "resolve_account",
    "speaks_ollama",
]

ACCOUNT_PARAMETERS = frozenset({"organization", "project", "apiVersion", "api_version"})
"""The parameters of a request that an account depends on."""
_KEY_HEADERS = frozenset({"authorization", "api-key", "x-api-key"})


@frozen
class KeySource:
    """A key, and where it was found.

    Attributes:
        key: The key.
        source: Where it was found, such as `env: GROQ_API_KEY`.
    """

    key: str = field(repr=False)
    source: str


@frozen
class Account:
    """The address and the credentials of requests.

    Attributes:
        provider: The provider's id, for errors.
        address: The base URL.
        server: The known service or server behind it, or `None`.
        compat: How the service deviates from OpenAI, before the model's own `compat` block.
        key_source: Where the key was found, or `None` where none is sent.
        api_key: The key, or `None` where none is sent.
        headers: The header fields of every request, with the key.
        is_openai: Whether it is OpenAI itself, rather than another service with its API.
    """

    provider: str
    address: Address
    server: Server | None
    compat: Compat
    key_source: str | None = None
    api_key: str | None = field(default=None, repr=False)
    headers: Mapping[str, str] = field(factory=dict, repr=False)
    is_openai: bool = False

    def url(self, route: str) -> str:
        """The URL of a route, such as `chat/completions`."""
        return self.address.url(route)


def resolve_account(
    provider: ProviderConfig,
    config: Config,
    model: Model | None = None,
    params: Mapping[str, Any] | None = None,
) -> Account:
    """Find the address and the credentials of requests.

    The address is the model's, the provider's, that of `OPENAI_BASE_URL` for `openai`, or the
    table's. The key is the provider's `apiKey`, or that of the variables in the table; a provider
    of the user's own has the variable `<ID>_API_KEY`, and never gets another's key. None is
    looked for where a plugin owns the auth mode.

    Args:
        provider: The provider's configuration.
        config: The whole configuration, for its environment.
        model: The model to call, if it is one.
        params: Request parameters; `organization`, `project` and `apiVersion` are read.

    Raises:
        ConfigError: There is no base URL, or the key is kept where modelwire does not read.
        AuthenticationError: A key is needed and there is none; the hint names the variable.
    """
    params = {**provider.params, **(model.params if model else {}), **(params or {})}
    server = server_of(provider.id)
    if server is None and speaks_ollama(provider, model):
        server = server_of(OLLAMA)
    address = address_of(provider, config, model, params, server)
    known = server_at(address.base) or (server if _same_place(server, address) else None)
    headers = _headers(provider, config, model, params)
    own_auth = provider.delegated_auth is not None or _own_auth(provider, headers)
    found = None if own_auth else find_key(provider, config)
    if found is None and not own_auth and needs_key(provider, address, server):
        raise missing_key(provider.id, key_variables(provider.id))
    if found is not None and provider.auth_header is not False:
        azure = is_azure(address.host) and provider.auth_header is None
        name, value = ("api-key", found.key) if azure else ("Authorization", f"Bearer {found.key}")
        headers = merge_headers({name: value}, headers)
    openai = address.host == "api.openai.com" or is_azure(address.host)
    return Account(
        provider=provider.id,
        address=address,
        server=known,
        compat=Compat() if openai else known.compat if known else FOREIGN,
        key_source=found.source if found else None,
        api_key=found.key if found else None,
        headers=headers,
        is_openai=openai,
    )


def default_api(provider: ProviderConfig, config: Config, model: Model | None = None) -> str:
    """The API to speak where the configuration does not say: the server's own at its own place.

    Behind another address than its own a known provider speaks Chat Completions, since that is what
    imitations have.
    """
    server = server_of(provider.id)
    if server is None:
        return COMPLETIONS
    address = address_of(provider, config, model, provider.params, server)
    return server.api if _same_place(server, address) or is_azure(address.host) else COMPLETIONS


def speaks_ollama(provider: ProviderConfig, model: Model | None = None) -> bool:
    """Whether the configuration names Ollama's own API, in whose place Chat Completions is spoken."""
    return ((model.api if model else None) or provider.api) == OLLAMA


def find_key(provider: ProviderConfig, config: Config) -> KeySource | None:
    """Find the key of a provider and its source; `None` where there is none.

    Raises:
        ConfigError: The reference to it names a source that modelwire does not read.
    """
    if _without_key(provider):
        return None
    token = _request_auth(provider).get("token")
    if isinstance(token, str) and token.strip():
        return KeySource(token.strip(), f"models.providers.{provider.id}.request.auth")
    configured = provider.resolve_api_key(config.environ)
    if configured:
        return KeySource(configured, f"models.providers.{provider.id}.apiKey")
    for name in key_variables(provider.id):
        key = config.environ.get(name, "").strip()
        if key:
            return KeySource(key, f"env: {name}")
    return None


def key_variables(provider_id: str) -> tuple[str, ...]:
    """The environment variables that may hold a provider's key."""
    server = server_of(provider_id)
    if server is not None:
        return server.key_variables
    return (key_variable(provider_id),)


def needs_key(provider: ProviderConfig, address: Address, server: Server | None) -> bool:
    """Whether requests need a key."""
    local = is_loopback(address.host) or (server is not None and server.local)
    return not (local or provider.auth_header is False or _without_key(provider))


def address_of(
    provider: ProviderConfig,
    config: Config,
    model: Model | None,
    params: Mapping[str, Any],
    server: Server | None,
) -> Address:
    """Find out where requests go; the arguments are those of `resolve_account`.

    Raises:
        ConfigError: There is no base URL, or it is not valid.
    """
    environ = config.environ
    from_environ = environ.get("OPENAI_BASE_URL", "").strip() if provider.id == "openai" else ""
    written = (model.base_url if model else None) or provider.base_url or from_environ
    if not written and server is None:
        msg = f"The provider {provider.id!r} has no base URL."
        raise ConfigError(msg, hint=f"Set models.providers.{provider.id}.baseUrl.")
    try:
        address = Address.parse(written or (server.base_url if server else ""))
    except ValueError as error:
        msg = f"The base URL of the provider {provider.id!r} is not a URL."
        raise ConfigError(msg) from error
    if server is not None and server.local and not address.path:
        # Users configure where their own server listens, not where its API begins.
        address = Address(address.base + Address.parse(server.base_url).path, address.query)
    if speaks_ollama(provider, model) and not address.path.endswith("/v1"):
        address = Address(address.base.removesuffix("/api") + "/v1", address.query)
    if is_azure(address.host):
        return _azure(address, environ, model, params)
    return address.with_version(_version(params))


def _version(params: Mapping[str, Any]) -> str:
    return str(params.get("apiVersion") or params.get("api_version") or "")


def _azure(
    address: Address, environ: Mapping[str, str], model: Model | None, params: Mapping[str, Any]
) -> Address:
    """An address of Azure: the newer `/openai/v1`, or a deployment with a version in the query."""
    version = _version(params)
    if "/openai/v1" not in address.path:
        version = version or environ.get("OPENAI_API_VERSION", "").strip()
    address = address.with_version(version)
    if address.path not in ("", "/openai"):
        return address
    root = address.base.removesuffix("/openai") + "/openai"
    if "api-version" not in address.query:
        return Address(f"{root}/v1", address.query)
    return Address(f"{root}/deployments/{model.id}" if model else root, address.query)


def _same_place(server: Server | None, address: Address) -> bool:
    """Whether an address is that of a known server; self-hosted servers may be anywhere."""
    if server is None:
        return False
    return server.local or server_at(address.base) is server


def _headers(
    provider: ProviderConfig, config: Config, model: Model | None, params: Mapping[str, Any]
) -> Mapping[str, str]:
    environ = config.environ if provider.id == "openai" else {}
    organization = params.get("organization") or environ.get("OPENAI_ORG_ID", "").strip()
    project = params.get("project") or environ.get("OPENAI_PROJECT_ID", "").strip()
    headers: Mapping[str, str] = {}
    if organization:
        headers = merge_headers(headers, {"OpenAI-Organization": str(organization)})
    if project:
        headers = merge_headers(headers, {"OpenAI-Project": str(project)})
    headers = merge_headers(headers, provider.headers)
    configured = provider.request.get("headers")
    if isinstance(configured, Mapping):
        headers = merge_headers(
            headers, {k: v for k, v in configured.items() if isinstance(v, str)}
        )
    auth = _request_auth(provider)
    name, value = auth.get("headerName"), auth.get("value")
    if auth.get("mode") == "header" and isinstance(name, str) and isinstance(value, str):
        headers = merge_headers(headers, {name: f"{auth.get('prefix') or ''}{value}"})
    return merge_headers(headers, model.headers) if model else headers


def _request_auth(provider: ProviderConfig) -> Mapping[str, Any]:
    auth = provider.request.get("auth")
    return auth if isinstance(auth, Mapping) else {}


def _own_auth(provider: ProviderConfig, headers: Mapping[str, str]) -> bool:
    """Whether the user's own headers carry credentials."""
    by_header = _request_auth(provider).get("mode") == "header"
    return by_header or any(name.lower() in _KEY_HEADERS for name in headers)


def _without_key(provider: ProviderConfig) -> bool:
    """Whether the configuration says that no key is sent."""
    return (provider.auth or "").strip().lower() == "none"
