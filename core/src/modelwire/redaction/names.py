"""Names of secrets: keys whose values must not be shown."""

from __future__ import annotations

from collections.abc import Iterable

__all__ = ["HIDDEN", "is_secret_path", "looks_secret"]

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


def looks_secret(key: str) -> bool:
    """Whether the value under a key, such as `apiKey` or `env`, should never be printed.

    Case, hyphens and underscores do not matter. `maxTokens` is not a secret.
    """
    folded = key.lower().replace("-", "").replace("_", "")
    return folded in _SECRET_KEYS or folded.endswith(_SECRET_ENDINGS)


def is_secret_path(path: Iterable[str | int]) -> bool:
    """Whether a value is, or is part of, something that should never be printed."""
    return any(isinstance(step, str) and looks_secret(step) for step in path)
