"""The difference between two texts of a configuration, with secrets hidden."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from difflib import SequenceMatcher

from modelwire.config.redaction import redact_text

__all__ = ["redacted_diff"]

_CONTEXT = 3


def redacted_diff(before: str, after: str, environ: Mapping[str, str]) -> Iterator[str]:
    """Yield the lines of a unified diff.

    The texts themselves are compared, so that a changed secret shows as a change, from hidden to
    hidden.

    Args:
        before: JSON5 text.
        after: JSON5 text.
        environ: The variables that are set; their names are no secrets.
    """
    old, new = before.splitlines(), after.splitlines()
    old_shown = redact_text(before, environ).splitlines()
    new_shown = redact_text(after, environ).splitlines()
    for group in SequenceMatcher(None, old, new, autojunk=False).get_grouped_opcodes(_CONTEXT):
        first, last = group[0], group[-1]
        old_span, new_span = _span(first[1], last[2]), _span(first[3], last[4])
        yield f"@@ -{old_span} +{new_span} @@"
        for tag, old_start, old_end, new_start, new_end in group:
            if tag == "equal":
                yield from (f" {line}" for line in old_shown[old_start:old_end])
                continue
            yield from (f"-{line}" for line in old_shown[old_start:old_end])
            yield from (f"+{line}" for line in new_shown[new_start:new_end])


def _span(start: int, end: int) -> str:
    return f"{start + 1 if end > start else start},{end - start}"
