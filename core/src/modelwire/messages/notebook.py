"""Markdown for notebooks, with active content in a model's text disabled.

A notebook trusts what its own cells print. It would run a script in an answer, fetch an image from
any address (which sends that address data from the answer), and follow a `javascript:` link.
So HTML, images and such links are shown as text. Front ends read Markdown differently, and none is
relied on: wherever a piece may end up, the characters that it would need are written as entities.
"""

from __future__ import annotations

import re

__all__ = ["markdown_for_notebook"]

_CODE = re.compile(
    r"^(?P<fence>`{3,}|~{3,})[^\n`]*\n(?P<block>.*?)(?:^(?P=fence)[ \t]*$|\Z)"
    r"|(?<!`)(?P<ticks>`+)(?!`)(?P<span>[^`\n](?:[^\n]*?[^`\n])?)(?P=ticks)(?!`)",
    re.MULTILINE | re.DOTALL,
)
_ACTIVE = re.compile(r"<|!(?=\[)|\](?=[(:]\s*(?!https?://|mailto:)[^\s):&\]]*[:&])", re.IGNORECASE)
"""The first character of a tag, of an image, and of the end of a link to anything but the web or mail."""

_END = re.compile(
    r"\](?=[(:]\s*(?!https?://|mailto:)[^\s):&\]]*([:&\]]))",
    re.IGNORECASE,
)
_ACTIVE_OR_END = re.compile(r"<|!(?=\[)|\](?=[(:])")


def markdown_for_notebook(text: str) -> str:
    """Make Markdown of a model harmless; only HTML and images look different."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    parts = []
    end = 0
    for code in _CODE.finditer(text):
        parts += [_passive(text[end : code.start()]), _code(code)]
        end = code.end()
    return "".join([*parts, _passive(text[end:])])


def _code(found: re.Match[str]) -> str:
    """Code as it is, or as HTML where it holds what may be active if it is not read as code."""
    if not _ACTIVE.search(found[0]):
        return found[0]
    if found["fence"]:
        return f"<pre><code>{_escaped(found['block'])}</code></pre>"
    return f"<code>{_escaped(found['span'].strip(' '))}</code>"


def _passive(text: str) -> str:
    ends = _ends_of_links(text)
    return _ACTIVE_OR_END.sub(
        lambda found: _entity(found) if found[0] != "]" or found.start() in ends else "]", text
    )


def _ends_of_links(text: str) -> set[int]:
    """Where links end that lead to anything but the web or mail.

    A link whose address goes on to the end of such a link is one, too: once that is an entity, the
    address has its ampersand.
    """
    ends: set[int] = set()
    for end in reversed(list(_END.finditer(text))):
        if end[1] != "]" or end.start(1) in ends:
            ends.add(end.start())
    return ends


def _escaped(code: str) -> str:
    """Code within HTML; what Markdown would read is written as entities, too."""
    return re.sub(r"[&<>!\[\]*_`~$\\|#]", _entity, code)


def _entity(found: re.Match[str]) -> str:
    return f"&#{ord(found[0])};"
