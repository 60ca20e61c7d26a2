"""The account: the address of Acme, and the key."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import field, frozen
from modelwire.errors import AuthenticationError
from modelwire.redaction import url_repr

if TYPE_CHECKING:
    from modelwire.config import Config, ProviderConfig
    from modelwire.models import Model

__all__ = ["BASE_URL", "KEY_VARIABLE", "Account", "account_of"]

# The address of the server in demo.py.
BASE_URL = "http://127.0.0.1:8808/v1"
KEY_VARIABLE = "ACME_API_KEY"


@frozen
class Account:
    """The address and the credentials of requests.

    Attributes:
        provider: The provider's id, for errors.
        base_url: The address of the service, without a slash at its end.
        api_key: The key, or `None` where another plugin authorizes the requests.
        source: Where the key comes from.
        extra_headers: Header fields that the user wants with every call.
    """

    provider: str
    base_url: str = field(repr=url_repr)
    api_key: str | None = field(default=None, repr=False)
    source: str | None = None
    extra_headers: dict[str, str] = field(factory=dict, repr=False)

    @property
    def headers(self) -> dict[str, str]:
        """The header fields of every request."""
        if self.api_key is None:
            return self.extra_headers
        return {"Authorization": f"Bearer {self.api_key}", **self.extra_headers}


def account_of(provider: ProviderConfig, config: Config, model: Model | None = None) -> Account:
    """Find the account in the configuration and the environment.

    Raises:
        AuthenticationError: There is no key.
    """
    base_url = (provider.base_url or BASE_URL).rstrip("/")
    headers = {**provider.headers, **(model.headers if model else {})}
    if provider.delegated_auth is not None:
        # `auth` names a mode that another plugin owns; it adds its header fields to each request.
        return Account(provider.id, base_url, extra_headers=headers)
    key, source = provider.resolve_api_key(config.environ), f"models.providers.{provider.id}.apiKey"
    if key is None:
        key, source = config.environ.get(KEY_VARIABLE), f"env: {KEY_VARIABLE}"
    if not key:
        raise AuthenticationError(
            "There is no key for Acme.",
            provider=provider.id,
            hint=f"Set {KEY_VARIABLE}, or models.providers.{provider.id}.apiKey.",
        )
    return Account(provider.id, base_url, key, source, headers)
