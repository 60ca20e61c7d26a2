"""AWS environment variables."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from string import Template

from modelwire.files import user_path

__all__ = ["effective_environ", "environ_stamp", "expand_path"]

_PAIR = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
_OF_THE_PAIR = (*_PAIR, "AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN", "AWS_CREDENTIAL_EXPIRATION")


def effective_environ(environ: Mapping[str, str]) -> dict[str, str]:
    """The variables without those that only look as if they were set.

    Blank `AWS_*` variables are absent. Half a pair of keys is none, and then its session token means
    nothing either; botocore would stop at it. `AWS_PROFILE` wins over the older
    `AWS_DEFAULT_PROFILE`, as in the AWS command line; botocore has it the other way round.
    """
    found = {
        name: value.strip() if name.startswith("AWS_") else value
        for name, value in environ.items()
        if value.strip() or not name.startswith("AWS_")
    }
    dropped: tuple[str, ...] = ()
    if not all(name in found for name in _PAIR):
        dropped = _OF_THE_PAIR
    if "AWS_PROFILE" in found:
        dropped += ("AWS_DEFAULT_PROFILE",)
    return {name: value for name, value in found.items() if name not in dropped}


def environ_stamp(environ: Mapping[str, str]) -> str:
    """A fingerprint of everything that botocore may read from the environment."""
    relevant = sorted(
        (name, value)
        for name, value in environ.items()
        if name.startswith("AWS_") or name in ("BOTO_CONFIG", "HOME", "USERPROFILE")
    )
    return hashlib.sha256(repr(relevant).encode()).hexdigest()[:16]


def expand_path(path: str, environ: Mapping[str, str]) -> Path:
    """Replace `~` and `$VARIABLES` of a path, by this environment and not by the process's."""
    text = Template(path).safe_substitute(environ) if "$" in path else path
    home = environ.get("HOME") or environ.get("USERPROFILE")
    return _within(home, text) if home else user_path(text)


@lru_cache(maxsize=32)
def _within(home: str, text: str) -> Path:
    if text == "~" or text.startswith(("~/", "~\\")):
        return Path(home, text[2:])
    return user_path(text)
