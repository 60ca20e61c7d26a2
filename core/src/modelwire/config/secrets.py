"""Values that must not be shown, and references to where a secret is kept."""

from __future__ import annotations

from collections.abc import Iterable

from attrs import frozen

__all__ = ["HIDDEN", "SecretRef", "is_secret_path", "looks_secret"]

HIDDEN = "<hidden>"

_SECRET_ENDINGS = (
    "accesskey",
    "apikey",
    "authorization",
    "cookie",
    "credential",
    "credentials",
    "passphrase",
    "password",
    "privatekey",
    "secret",
    "secretkey",
    "token",
)
_SECRET_KEYS = frozenset({"env", "headers", "key", "vars"})


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


def looks_secret(key: str) -> bool:
    """Whether what stands under this key should never be printed, as under `apiKey` or `env`.

    Case, hyphens and underscores do not matter. `maxTokens` is not a secret.
    """
    folded = key.lower().replace("-", "").replace("_", "")
    return folded in _SECRET_KEYS or folded.endswith(_SECRET_ENDINGS)


def is_secret_path(path: Iterable[str | int]) -> bool:
    """Whether a value is, or stands inside, something that should never be printed."""
    return any(isinstance(step, str) and looks_secret(step) for step in path)
