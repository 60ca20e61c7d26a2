"""The page and the charts that the figures end up in."""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Iterable, Mapping
from html import escape
from pathlib import Path
from typing import Any

from batch_planning import choosing, planning
from missed import missed
from results import NAMES
from summary import summary

__all__ = ["write_page"]

_DOCS = Path(__file__).parent.parent / "docs"
_CHARTS = {
    "performance-events.svg": ("events",),
    "performance-starts.svg": ("short_requests", "starts"),
}
"""The charts, each with the measurements whose bars it shows."""
_SHORT = (
    ("gateway", "gateway.md"),
    ("batch", "batch.md"),
    ("batch_quota", "batch.md"),
    ("batch_reading", "batch.md"),
    ("batch_ray", "batch.md"),
    ("batch_ray", "integrations/ray.md"),
)
"""Measurements, each with a page of what is measured that has a short table."""
_DERIVED = {
    "batch.md": {"choosing": choosing, "planning": planning},
}
"""Places of pages with text that is computed from figures."""
_STYLE = (
    "text{font:12px sans-serif;fill:#1e293b}.title{font-weight:bold;font-size:14px}"
    ".name{text-anchor:end}.own{fill:#2563eb}.peer{fill:#94a3b8}.floor{fill:#cbd5e1}"
    "@media (prefers-color-scheme:dark){text{fill:#e2e8f0}.own{fill:#60a5fa}"
    ".peer{fill:#64748b}.floor{fill:#475569}}"
)
"""There is no background: the page's own shows through, light or dark."""
_WIDTH, _LABEL, _BAR, _GAP = 760, 270, 16, 6


def write_page(results: Mapping[str, Any]) -> None:
    """Put the figures between the marks of docs/performance.md, and draw its charts."""
    page = _DOCS / "performance.md"
    text = page.read_text()
    for name, result in results.items():
        text = _between(text, name, f"{result['tables']}\n\nMeasured on {result['date']}.")
    text = _between(text, "targets", _targets(results))
    text = _between(text, "missed", missed(results))
    text = _between(text, "machine", _machine(results))
    text = _between(text, "summary", summary(results))
    page.write_text(text)
    for name, other in _SHORT:
        if name in results:
            about = _DOCS / other
            short = f"{results[name]['short']}\n\nMeasured on {results[name]['date']}."
            about.write_text(_between(about.read_text(), name, short))
    for other, texts in _DERIVED.items():
        about = _DOCS / other
        said = about.read_text()
        for name, write in texts.items():
            said = _between(said, name, write(results))
        about.write_text(said)
    for chart, names in _CHARTS.items():
        panels = [bars for name in names if name in results for bars in results[name]["bars"]]
        (_DOCS / chart).write_text(_chart(panels))


def _between(text: str, name: str, content: str) -> str:
    mark = re.compile(rf"(<!-- begin: {name} -->\n).*?(<!-- end: {name} -->)", re.DOTALL)
    if not mark.search(text):
        msg = f"The page has no place for {name}."
        raise ValueError(msg)
    return mark.sub(lambda found: f"{found[1]}\n{content}\n\n{found[2]}", text)


def _targets(results: Mapping[str, Any]) -> str:
    lines = ["| target | at most | measured | |", "| --- | ---: | ---: | --- |"]
    for result in results.values():
        for target in result["targets"]:
            figure, limit, unit = target["figure"], target["limit"], target["unit"]
            verdict = (
                "met"
                if figure <= limit
                else f"**missed**, {figure / limit:.1f} times"
                if limit
                else "**missed**"
            )
            shown = f"{figure:.{target['digits']}f}{unit}"
            lines.append(f"| {target['what']} | {limit:g}{unit} | {shown} | {verdict} |")
    return "\n".join(lines)


def _machine(results: Mapping[str, Any]) -> str:
    versions: dict[str, set[str]] = {}
    for result in results.values():
        for name, version in result["versions"].items():
            versions.setdefault(name, set()).add(version)
    said = ", ".join(f"{name} {' and '.join(sorted(versions[name]))}" for name in sorted(versions))
    return (
        f"{os.cpu_count()} cores, {_processor()}, {platform.system()} {platform.release()}, "
        f"Python {platform.python_version()}; loopback only. {said}."
    )


def _processor() -> str:
    try:
        about = Path("/proc/cpuinfo").read_text()
    except OSError:
        return platform.processor() or platform.machine()
    found = re.search(r"^model name\s*:\s*(.+)$", about, re.MULTILINE)
    return found[1].strip() if found else platform.machine()


def _chart(panels: Iterable[Mapping[str, Any]]) -> str:
    """Horizontal bars; shorter is better."""
    parts: list[str] = []
    top = 8
    for panel in panels:
        values = dict(sorted(panel["values"].items(), key=lambda item: item[1]))
        if not values:
            continue
        top += 22
        title = escape(f"{panel['title']}, {panel['unit']}")
        parts.append(f'<text x="8" y="{top}" class="title">{title}</text>')
        top += 8
        most = max(*values.values(), 1e-9)
        for name, value in values.items():
            width = max(1.0, (_WIDTH - _LABEL - 80) * max(0.0, value) / most)
            middle = top + _BAR - 4
            parts += [
                f'<text x="{_LABEL - 8}" y="{middle}" class="name">{escape(_label(name))}</text>',
                (
                    f'<rect x="{_LABEL}" y="{top}" width="{width:.1f}" height="{_BAR}" '
                    f'class="{_kind(name)}"/>'
                ),
                f'<text x="{_LABEL + width + 6:.1f}" y="{middle}">{_figure(value)}</text>',
            ]
            top += _BAR + _GAP
        top += 8
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {top + 8}" role="img" '
        f'aria-label="modelwire beside its peers: shorter is better">\n<style>{_STYLE}</style>\n'
        + "\n".join(parts)
        + "\n</svg>\n"
    )


def _label(name: str) -> str:
    return NAMES.get(name, name).replace("*", "").replace("`", "")


def _kind(name: str) -> str:
    if "modelwire" in name:
        return "own"
    return "floor" if name.startswith("floor") else "peer"


def _figure(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}"
