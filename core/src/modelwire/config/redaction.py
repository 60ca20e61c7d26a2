"""Redaction of documents, for display and logs.

A value is hidden where its key, or one around it, is named like a secret: see `looks_secret`. A
placeholder such as `${ACME_KEY}`, a reference to a secret and the name of a variable that is set
are not secrets and are shown as they are written. Logins inside of URLs, and secrets in comments,
are hidden too.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from modelwire.document import Array, Node, Object, Path, parse, value_of
from modelwire.redaction import HIDDEN, is_secret_path, looks_secret, shown_url

__all__ = ["redact_text", "redact_value"]

_REFERENCE = {"source", "provider", "id"}
_PLACEHOLDERS = re.compile(r"(?:(?:Bearer|Basic|Token) +)?(?:\$\{[A-Z_][A-Z0-9_]*\})+")
_SETTING = re.compile(r"""([A-Za-z_$][\w$-]*)["']?[ \t]*[:=][ \t]*""")
_REST_OF_LINE = re.compile(r"[^\r\n]*?(?=[ \t]*(?:\*/|[\r\n]|$))")


def redact_value(value: Any, path: Path, environ: Mapping[str, str]) -> Any:
    """Copy plain data, with `<hidden>` in place of secrets.

    Args:
        value: The data.
        path: Its path in the document.
        environ: The environment: the name of a variable that is set is no secret.
    """
    if isinstance(value, Mapping):
        if is_secret_path(path) and _is_reference(value):
            return dict(value)
        return {key: redact_value(item, (*path, key), environ) for key, item in value.items()}
    if isinstance(value, list):
        return [redact_value(item, (*path, at), environ) for at, item in enumerate(value)]
    if value is None or isinstance(value, bool):
        return value
    if is_secret_path(path):
        return value if _is_public(value, environ) else HIDDEN
    return _without_logins(value) if isinstance(value, str) else value


def redact_text(text: str, environ: Mapping[str, str]) -> str:
    """Replace the secrets of a JSON5 text by `<hidden>`; line numbers do not change.

    Raises:
        SyntaxMistake: The text is not JSON5.
    """
    tree = parse(text)
    edits = [
        (node.start, node.end, json.dumps(shown, ensure_ascii=False))
        for node, path, value in _scalars(tree.root)
        if (shown := redact_value(value, path, environ)) != value
    ]
    for comment in tree.comments:
        written = text[comment.start : comment.end]
        edits.append((comment.start, comment.end, _without_settings(_without_logins(written))))
    pieces: list[str] = []
    at = 0
    for start, end, shown in sorted(edits):
        pieces += [text[at:start], shown, _line_ends(text[start:end], shown)]
        at = end
    return "".join((*pieces, text[at:]))


def _scalars(root: Node | None) -> Iterator[tuple[Node, Path, Any]]:
    pending: list[tuple[Node, Path]] = [(root, ())] if root else []
    while pending:
        node, path = pending.pop()
        if isinstance(node, Object):
            if not (is_secret_path(path) and _is_reference(value_of(node))):
                pending += [(item.node, (*path, item.key)) for item in node.items]
        elif isinstance(node, Array):
            pending += [(item.node, (*path, at)) for at, item in enumerate(node.items)]
        else:
            yield node, path, node.value


def _is_reference(value: Mapping[str, Any]) -> bool:
    return {"source", "id"} <= value.keys() <= _REFERENCE


def _is_public(value: Any, environ: Mapping[str, str]) -> bool:
    if not isinstance(value, str):
        return False
    return not value or value in environ or _PLACEHOLDERS.fullmatch(value) is not None


def _without_logins(text: str) -> str:
    return shown_url(text, login=f"{HIDDEN}@")


def _without_settings(comment: str) -> str:
    """Hide the text from the name of a secret to the end of its line."""
    at = 0
    while match := _SETTING.search(comment, at):
        at = match.end()
        if looks_secret(match[1]) and (rest := _REST_OF_LINE.match(comment, at)):
            comment = comment[:at] + HIDDEN + comment[rest.end() :]
            at += len(HIDDEN)
    return comment


def _line_ends(old: str, new: str) -> str:
    """The line breaks of a multi-line value that its shown form lacks."""
    missing = len(old.splitlines()) - len(new.splitlines())
    return "\n" * max(missing, 0)
