"""Recognition of keys, tokens and passwords in a text, by their shape alone.

A key of any service is long and random. It is distinguished from words by how often upper-case
letters, lower-case letters and digits alternate, or by the text before it.
"""

from __future__ import annotations

import re
from itertools import pairwise

__all__ = ["looks_like_a_key"]

_SHAPES = re.compile(
    r"""
    # Twenty capitals and digits without a break.
    (?-i:\b(?=[0-9]*[A-Z])[A-Z0-9]{20,}\b)
    # A tag and a long part without a break, with a digit in one of them: `tag_4f6c...`, `tag-17-4f6c...`.
    | (?<![A-Za-z0-9])(?=[A-Za-z0-9_-]*[0-9])[A-Za-z0-9]{2,}[_-][A-Za-z0-9]{20,}
    # Secret, public and restricted keys, as many services mark them.
    | \b(?:sk|pk|rk)-[A-Za-z0-9_-]{16,}
    | api[_-]?key[_-]\S{10,}
    # What is named before it.
    | (?:api[_-]?key|secret|token|passwo?r?d|passphrase)["']?\s*[:=]\s*["']?[^\s"']{6,}
    | \bBearer\s+[A-Za-z0-9._~+/-]{16,}
    # JSON Web Tokens (RFC 7519), and private keys (RFC 7468).
    | \beyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}\.
    | -----BEGIN[ A-Z]*PRIVATE[ ]KEY
    # Thirty bytes in base64.
    | (?-i:(?<![A-Za-z0-9+/])(?=[A-Za-z0-9+/]*[a-z])(?=[A-Za-z0-9+/]*[A-Z])
      (?=[A-Za-z0-9+/]*[0-9])[A-Za-z0-9+/]{40}(?![A-Za-z0-9+/]))
    """,
    re.VERBOSE | re.IGNORECASE,
)

_RUN = re.compile(r"[A-Za-z0-9_-]{24,}")
_RANDOM_WITHOUT_DIGIT = 32
"""The length from which a key without a digit is so likely that its case decides alone."""
_MOST_CHANGES = 0.3
"""The share of positions at which the kind of character changes: of words below, of keys above."""


def looks_like_a_key(text: str) -> bool:
    """Whether a part of the text looks like a key, a token or a password."""
    return _SHAPES.search(text) is not None or any(
        _is_random(match[0]) for match in _RUN.finditer(text)
    )


def _is_random(run: str) -> bool:
    kinds = [_kind(character) for character in run if character not in "-_"]
    wanted = {"a", "A"} if len(run) >= _RANDOM_WITHOUT_DIGIT else {"a", "A", "0"}
    changes = sum(one != next_one for one, next_one in pairwise(kinds))
    return wanted <= set(kinds) and changes > _MOST_CHANGES * (len(kinds) - 1)


def _kind(character: str) -> str:
    if character.isdigit():
        return "0"
    return "A" if character.isupper() else "a"
