"""Where Acme is, and as whom to ask it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import field, frozen
from modelwire.errors import AuthenticationError, ProviderError
from modelwire.transport import error_from_status, explain_body

if TYPE_CHECKING:
    from modelwire.config import Config, ProviderConfig
    from modelwire.transport import Response

__all__ = ["BASE_URL", "KEY_VARIABLE", "Account", "account_of"]

# The address of the server in demo.py.
BASE_URL = "http://127.0.0.1:8808/v1"
KEY_VARIABLE = "ACME_API_KEY"


@frozen
class Account:
    """Where to and as whom.

    Attributes:
        provider: The provider's id, for errors.
        base_url: The address of the service, without a slash at its end.
        api_key: The key.
        source: Where the key comes from.
        extra_headers: Header fields that the user wants with every call.
    """

    provider: str
    base_url: str
    api_key: str = field(repr=False)
    source: str
    extra_headers: dict[str, str] = field(factory=dict, repr=False)

    @property
    def headers(self) -> dict[str, str]:
        """The header fields of every request."""
        return {
            "Authorization": f"Bearer {self.api_key}",
            "Content-Type": "application/json",
            **self.extra_headers,
        }

    def redact(self, text: str) -> str:
        """A text of the service without the key, which some services repeat in their errors."""
        return text.replace(self.api_key, "[the key]")

    async def check(self, response: Response, model: str | None = None) -> None:
        """Raise the error that a response stands for, unless it is a success."""
        if response.status == 200:
            return
        body = await response.read_error()
        said = self.redact(explain_body(body, response.headers.get("content-type")))
        raise error_from_status(
            response.status, said, headers=response.headers, provider=self.provider, model=model
        )

    def failure(
        self, kind: type[ProviderError], text: str, *, request_id: str | None = None
    ) -> ProviderError:
        """An error in the service's own words."""
        return kind(self.redact(text), provider=self.provider, request_id=request_id)


def account_of(provider: ProviderConfig, config: Config) -> Account:
    """Find the account in the configuration and the environment.

    Raises:
        AuthenticationError: There is no key.
    """
    key, source = provider.resolve_api_key(config.environ), f"models.providers.{provider.id}.apiKey"
    if key is None:
        key, source = config.environ.get(KEY_VARIABLE), f"env: {KEY_VARIABLE}"
    if not key:
        raise AuthenticationError(
            "There is no key for Acme.",
            provider=provider.id,
            hint=f"Set {KEY_VARIABLE}, or models.providers.{provider.id}.apiKey.",
        )
    base_url = (provider.base_url or BASE_URL).rstrip("/")
    return Account(provider.id, base_url, key, source, dict(provider.headers))
