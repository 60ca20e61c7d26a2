"""The `models` section: providers, and the models that the user describes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Literal

import attrs
from attrs import Factory, field, frozen

from modelwire.config.schema import AnswerLimit, PositiveInt, PositiveNumber
from modelwire.document import format_path
from modelwire.errors import ConfigError
from modelwire.models import InputKind, OutputKind, Prices, fold_provider
from modelwire.redaction import url_repr

__all__ = ["OWN_AUTH", "ModelConfig", "ModelsConfig", "ProviderConfig", "SecretRef"]

# What the core does not know here may be meant for the provider's plugin.
_REST = {"rest": True, "plugins": True}
OWN_AUTH = ("api-key", "token", "none")
"""The auth modes that no plugin owns: with them, as with none, each API's plugin sends a key or not."""

_VARIABLE = re.compile(r"[A-Z_][A-Z0-9_]*")


def _trimmed(text: str) -> str:
    return text.strip()


@frozen
class SecretRef:
    """Where a secret is kept, instead of the secret.

    Attributes:
        source: The kind of place: `env`, `file` or `exec`. modelwire reads `env` only.
        id: The secret's name there; for `env`, the variable's name.
        provider: Which of several configured places of that kind, or `None`.
    """

    source: str
    id: str
    provider: str | None = None


@frozen
class ModelConfig:
    """A model as the configuration describes it. `None` means that it does not say.

    Attributes:
        id: The model's id at the provider.
        name: A name for people.
        api: The wire API, where it is another than the provider's.
        base_url: Where to reach it, where that is not the provider's address.
        reasoning: Whether it can think before it answers.
        input: The kinds of content that it accepts.
        output: What it makes of it: `text`, `embedding`, or both.
        cost: Prices in USD per million tokens.
        context_window: Tokens that request and answer may have together.
        context_tokens: A lower limit on the context.
        max_tokens: The most tokens that an answer may have; `auto` leaves that to the service.
        thinking_level_map: Provider-specific words for reasoning levels.
        params: Request parameters for every call.
        headers: HTTP headers for every call.
        compat: Deviations of the service from the API that it imitates.
        extra: All other keys.
    """

    id: str = field(converter=_trimmed)
    name: str | None = None
    api: str | None = None
    base_url: str | None = field(default=None, repr=url_repr)
    reasoning: bool | None = None
    input: tuple[InputKind, ...] | None = None
    output: tuple[OutputKind, ...] | None = None
    cost: Prices | None = None
    context_window: PositiveInt | None = None
    context_tokens: PositiveInt | None = None
    max_tokens: AnswerLimit | None = None
    thinking_level_map: dict[str, str | None] = Factory(dict)
    params: dict[str, Any] = field(factory=dict, repr=False)
    headers: dict[str, str] = field(factory=dict, repr=False)
    compat: dict[str, Any] = field(factory=dict, repr=False)
    extra: dict[str, Any] = field(factory=dict, repr=False, metadata=_REST)

    @property
    def most_tokens(self) -> int | None:
        """The limit on an answer's tokens where it is a number."""
        return None if self.max_tokens == "auto" else self.max_tokens


@frozen
class ProviderConfig:
    """A provider as the configuration describes it. `None` means that it does not say.

    Attributes:
        id: The provider's id, in lower case.
        base_url: Where to reach it.
        api_key: The key, the name of the variable that holds it, or a reference to it.
        auth: How to authenticate: `api-key`, `token`, `none`, or an auth mode that a plugin owns.
        api: The wire API to speak, as `openai-completions`.
        headers: HTTP headers for every call.
        auth_header: Whether the key is sent as the `Authorization` header.
        models: The models that are described by hand.
        context_window: Default of the models, in tokens.
        context_tokens: Default of the models, in tokens.
        max_tokens: Default of the models, in tokens, or `auto`.
        timeout_seconds: How long one request may take.
        first_event_seconds: How long the first event of an answer may take to come.
        region: Where to reach a service that has regions.
        params: Request parameters for every call.
        request: Transport settings: proxy, TLS, further headers.
        extra: All other keys.
    """

    id: str = field(default="", converter=fold_provider, metadata={"read": False})
    base_url: str | None = field(default=None, repr=url_repr)
    api_key: str | SecretRef | None = field(default=None, repr=False)
    auth: str | None = None
    api: str | None = None
    headers: dict[str, str] = field(factory=dict, repr=False)
    auth_header: bool | None = None
    models: tuple[ModelConfig, ...] = ()
    context_window: PositiveInt | None = None
    context_tokens: PositiveInt | None = None
    max_tokens: AnswerLimit | None = None
    timeout_seconds: PositiveNumber | None = None
    first_event_seconds: PositiveNumber | None = None
    region: str | None = None
    params: dict[str, Any] = field(factory=dict, repr=False)
    request: dict[str, Any] = field(factory=dict, repr=False)
    extra: dict[str, Any] = field(factory=dict, repr=False, metadata=_REST)

    @property
    def delegated_auth(self) -> str | None:
        """The auth mode of a plugin that authorizes the requests, in lower case.

        `None` where the API's own plugin does that, with a key or without.
        """
        mode = fold_provider(self.auth or "")
        return mode if mode and mode not in OWN_AUTH else None

    @property
    def auth_path(self) -> str:
        """Where the configuration says the auth mode."""
        return format_path(("models", "providers", self.id, "auth"))

    @property
    def most_tokens(self) -> int | None:
        """The default limit on an answer's tokens where it is a number."""
        return None if self.max_tokens == "auto" else self.max_tokens

    def resolve_api_key(self, environ: Mapping[str, str]) -> str | None:
        """Find the key that `api_key` holds or names.

        A text that is the name of a variable which is set, as `ACME_API_KEY`, means what that
        variable holds; any other text is the key. `{source: "env", id: "ACME_API_KEY"}` always
        means the variable.

        Args:
            environ: The variables; usually `config.environ`.

        Returns:
            The key without outer white space, or `None` where there is none.

        Raises:
            ConfigError: The reference names a source that modelwire does not read.
        """
        key = self.api_key
        if isinstance(key, SecretRef):
            if key.source != "env":
                path = format_path(("models", "providers", self.id, "apiKey"))
                msg = f'{path}: a secret with the source "{key.source}" is not supported.'
                hint = 'Use {source: "env", id: "NAME"}, or "${NAME}".'
                raise ConfigError(msg, hint=hint)
            key = environ.get(key.id)
        elif key is not None and _VARIABLE.fullmatch(key.strip()):
            key = environ.get(key.strip()) or key
        return key.strip() or None if key else None


def _with_ids(providers: Mapping[str, ProviderConfig]) -> dict[str, ProviderConfig]:
    return {
        fold_provider(name): attrs.evolve(provider, id=name) for name, provider in providers.items()
    }


@frozen
class ModelsConfig:
    """The block `models`.

    Attributes:
        mode: `merge` adds the described models to those that plugins discover; `replace` uses the
            described ones only.
        providers: The providers by their id, in lower case.
        extra: All other keys, as `bedrockDiscovery`.
    """

    mode: Literal["merge", "replace"] = "merge"
    providers: dict[str, ProviderConfig] = field(factory=dict, converter=_with_ids)
    extra: dict[str, Any] = field(factory=dict, repr=False, metadata=_REST)
