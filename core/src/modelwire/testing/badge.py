"""A badge that says whether the suites' providers conform."""

from __future__ import annotations

import json
from collections.abc import Sequence
from html import escape
from pathlib import Path

from modelwire.testing.report import Finding

__all__ = ["write_badge"]

_LABEL = "modelwire"
_WIDTH = 7  # of a character, in pixels, at 11 pixels of height
_COLOURS = {"brightgreen": "#4c1", "red": "#e05d44"}


def write_badge(path: Path, findings: Sequence[Finding]) -> None:
    """Write it: as JSON of shields.io's endpoint where the file's name ends so, else as SVG."""
    broken = sum(finding.outcome == "failed" for finding in findings)
    kept = sum(finding.outcome == "passed" for finding in findings)
    message = f"{broken} rules broken" if broken else f"conforms ({kept} rules)"
    colour = "red" if broken or not kept else "brightgreen"
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".json":
        badge = {"schemaVersion": 1, "label": _LABEL, "message": message, "color": colour}
        path.write_text(json.dumps(badge, indent=2) + "\n", encoding="utf-8")
    else:
        path.write_text(_svg(message, _COLOURS[colour]), encoding="utf-8")


def _svg(message: str, colour: str) -> str:
    left, right = (len(text) * _WIDTH + 10 for text in (_LABEL, message))
    label, said = escape(_LABEL), escape(message)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{left + right}" height="20" role="img" '
        f'aria-label="{label}: {said}">\n'
        f"<title>{label}: {said}</title>\n"
        f'<rect width="{left}" height="20" fill="#555"/>\n'
        f'<rect x="{left}" width="{right}" height="20" fill="{colour}"/>\n'
        '<g fill="#fff" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11" '
        'text-anchor="middle">\n'
        f'<text x="{left / 2:g}" y="14">{label}</text>\n'
        f'<text x="{left + right / 2:g}" y="14">{said}</text>\n'
        "</g>\n</svg>\n"
    )
