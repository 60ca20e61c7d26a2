"""Parts of the site that are made from the code, so that they cannot fall behind it.

- `_made/layers.svg`: the layers of the core, in the order that `core/tests/test_architecture.py` holds
  them to, each with the first sentence of its docstring.
- `_made/request.svg`: the life of a request, from the prompt to the last event, with the module of
  each step.
- `_made/configuration-keys.md`: the keys of the configuration, from its JSON Schema.
"""

from __future__ import annotations

import ast
import importlib
from collections.abc import Iterator, Mapping
from html import escape
from pathlib import Path
from textwrap import wrap
from typing import Any

__all__ = ["write_pages"]

_ROOT = Path(__file__).parent.parent
_WIDTH, _ROW, _LINE, _TOP = 760, 34, 15, 132

_STYLE = (
    "<style>text{fill:#1f2937}path{fill:#44546a}line{stroke:#44546a}"
    "rect,polygon{fill:#f5f7fa;stroke:#44546a}.even{fill:#e8eef7}"
    ".plugin{fill:#fdf3e1;stroke:#8a6d3b}"
    "@media (prefers-color-scheme:dark){text{fill:#e2e8f0}path{fill:#94a3b8}line{stroke:#94a3b8}"
    "rect,polygon{fill:#1e293b;stroke:#94a3b8}.even{fill:#273449}"
    ".plugin{fill:#3b2f1a;stroke:#d0a94f}}</style>"
)
"""There is no background: the page's own shows through, light or dark."""


def write_pages(folder: Path) -> None:
    """Write the made parts into `_made` in the folder of the documentation; unchanged ones stay."""
    made = folder / "_made"
    made.mkdir(exist_ok=True)
    _write(made / "layers.svg", _layers())
    _write(made / "request.svg", _request())
    _write(made / "configuration-keys.md", _configuration_keys())


def _write(path: Path, text: str) -> None:
    if not path.exists() or path.read_text("utf-8") != text:
        path.write_text(text, "utf-8")


def _rooms() -> list[str]:
    source = (_ROOT / "core" / "tests" / "test_architecture.py").read_text("utf-8")
    for node in ast.parse(source).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "ROOMS":
            rooms: list[str] = ast.literal_eval(node.value)
            return rooms
    msg = "core/tests/test_architecture.py has no ROOMS"
    raise LookupError(msg)


def _first_sentence(room: str) -> str:
    doc = importlib.import_module(f"modelwire.{room}").__doc__ or ""
    paragraph = " ".join(doc.strip().partition("\n\n")[0].split())
    return paragraph.rstrip(".")


def _layers() -> str:
    label = "The layers of the core, each above those that use it"
    roof = f"20,{_TOP - 10} {_WIDTH // 2},24 {_WIDTH - 20},{_TOP - 10}"
    parts = [
        f'<polygon points="{roof}" class="even"/>',
        _text(_WIDTH // 2, 84, "modelwire", size=22, weight="bold", anchor="middle"),
        _text(_WIDTH // 2, 108, "each layer imports only from layers above it", anchor="middle"),
    ]
    y = _TOP
    for number, room in enumerate(_rooms()):
        lines = wrap(_first_sentence(room), 88)
        height = _ROW + (len(lines) - 1) * _LINE
        shade = "odd" if number % 2 else "even"
        parts.append(
            f'<rect x="40" y="{y}" width="{_WIDTH - 80}" height="{height}" class="{shade}"/>'
        )
        parts.append(_text(54, y + 22, room, weight="bold"))
        for line, text in enumerate(lines):
            parts.append(_text(160, y + 22 + line * _LINE, text, size=12))
        y += height
    parts.append(f'<line x1="10" y1="{y}" x2="{_WIDTH - 10}" y2="{y}" stroke-width="3"/>')
    y += 26
    outside = list(_outside())
    for start in range(0, len(outside), 3):
        cells = [(name, wrap(what, 34)) for name, what in outside[start : start + 3]]
        height = 28 + max(len(lines) for _, lines in cells) * _LINE
        for column, (name, lines) in enumerate(cells):
            x = 40 + column * 230
            parts.append(
                f'<rect x="{x}" y="{y}" width="220" height="{height}" rx="6" class="plugin"/>'
            )
            parts.append(_text(x + 12, y + 19, name, weight="bold"))
            for line, text in enumerate(lines):
                parts.append(_text(x + 12, y + 36 + line * _LINE, text, size=11))
        y += height + 10
    return _svg(label, y, parts)


def _svg(label: str, height: int, parts: list[str]) -> str:
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" '
        f'font-family="sans-serif" font-size="13" role="img" aria-label="{label}">'
    )
    return "\n".join((head, _STYLE, *parts, "</svg>\n"))


_DOWN = (
    ("Runtime.stream", "core/src/modelwire/runtime/runtime.py"),
    ("Resolver", "core/src/modelwire/runtime/resolver.py"),
    ("Completion", "core/src/modelwire/runtime/completion.py"),
    ("stream_completion", "plugins/openai/src/modelwire_openai/plugin.py"),
    ("build_request", "plugins/openai/src/modelwire_openai/completions/request.py"),
    ("stream_json", "core/src/modelwire/authoring/json_api.py"),
    ("Transport.send", "core/src/modelwire/transport/send.py"),
)
"""The way of a request: each step, and the module that takes it."""

_UP = (
    ("Stream", "core/src/modelwire/runtime/stream.py"),
    ("Completion", "core/src/modelwire/runtime/completion.py"),
    ("Assembler", "core/src/modelwire/events/assembler.py"),
    ("Translator", "plugins/openai/src/modelwire_openai/completions/stream.py"),
    ("JsonBody", "core/src/modelwire/authoring/json_body.py"),
    ("SseDecoder", "core/src/modelwire/transport/sse.py"),
    ("Body", "core/src/modelwire/transport/body.py"),
)
"""The way of its answer, from the last step to the first."""

_CARRIED = ("events", "events", "events", "deltas", "JSON", "server-sent events", "bytes")
"""What each step of the answer passes on."""


def _request() -> str:
    """Draw the life of a request: down on the left, and the answer up on the right."""
    step, box, top = 108, 76, 76
    height = top + len(_DOWN) * step + 70
    label = (
        "The life of a request: down from the prompt to the network, and up from it to the events"
    )
    arrow = (
        '<defs><marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" '
        'markerHeight="8" orient="auto"><path d="M0 0L8 4L0 8z"/></marker></defs>'
    )
    parts = [
        arrow,
        _text(_WIDTH // 2, 26, "your program", size=15, weight="bold", anchor="middle"),
    ]
    for x, steps in ((20, _DOWN), (_WIDTH // 2 + 10, _UP)):
        for number, (name, path) in enumerate(steps):
            parts += _step(x, top + number * step, box, name, path)
    down, up = 110, _WIDTH - 110
    for number in range(len(_DOWN) + 1):
        start, end = top + (number - 1) * step + box, top + number * step
        if number == 0:
            start = 36
        parts += [_arrow(down, start, end), _arrow(up, end, start)]
        carried = "prompt" if number == 0 else ""
        parts.append(_text(down + 10, (start + end) // 2 + 5, carried, size=11))
        if number < len(_CARRIED):
            parts.append(
                _text(up - 10, (start + end) // 2 + 5, _CARRIED[number], size=11, anchor="end")
            )
    network = top + len(_DOWN) * step
    parts.append(
        f'<rect x="20" y="{network}" width="{_WIDTH - 40}" height="40" rx="6" class="even"/>'
    )
    parts.append(_text(_WIDTH // 2, network + 25, "network", weight="bold", anchor="middle"))
    return _svg(label, height, parts)


def _step(x: int, y: int, height: int, name: str, path: str) -> list[str]:
    doc = ast.get_docstring(ast.parse((_ROOT / path).read_text("utf-8"))) or ""
    what = " ".join(doc.partition("\n\n")[0].split()).rstrip(".")
    part = "plugin" if path.startswith("plugins/") else "core"
    lines = wrap(what, 54)
    return [
        f'<rect x="{x}" y="{y}" width="350" height="{height}" rx="6" class="{part}"/>',
        _text(x + 12, y + 19, name, weight="bold"),
        *(_text(x + 12, y + 35 + at * _LINE, text, size=11) for at, text in enumerate(lines)),
        _text(x + 12, y + 35 + len(lines) * _LINE, path.partition("/src/")[2], size=10),
    ]


def _arrow(x: int, start: int, end: int) -> str:
    return (
        f'<line x1="{x}" y1="{start}" x2="{x}" y2="{end}" stroke-width="1.5" '
        'marker-end="url(#arrow)"/>'
    )


def _outside() -> Iterator[tuple[str, str]]:
    """The plugins of this repository, each with what it is found by."""
    import tomllib

    for path in sorted((_ROOT / "plugins").glob("*/pyproject.toml")):
        project = tomllib.loads(path.read_text("utf-8"))["project"]
        groups = project.get("entry-points", {})
        providers = list(groups.get("modelwire.providers", {}))
        kinds = ("providers", "middleware", "commands")
        kind = next(each for each in kinds if f"modelwire.{each}" in groups).removesuffix("s")
        yield project["name"], f"{kind} {', '.join(providers)}" if providers else kind


def _text(
    x: int, y: int, text: str, *, size: int = 13, weight: str = "normal", anchor: str = "start"
) -> str:
    return (
        f'<text x="{x}" y="{y}" font-size="{size}" font-weight="{weight}" text-anchor="{anchor}">'
        f"{escape(text)}</text>"
    )


def _configuration_keys() -> str:
    from modelwire.config.json_schema import config_schema

    schema = config_schema()
    lines = [
        "| key | type | |",
        "| --- | --- | --- |",
    ]
    for path, item in _keys(schema, schema, ""):
        text = " ".join(str(item.get("description", "")).split()).replace("|", "\\|")
        lines.append(f"| `{path}` | {_type_of(schema, item)} | {text} |")
    return "\n".join(lines) + "\n"


def _keys(
    schema: Mapping[str, Any], item: Mapping[str, Any], path: str
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    item = _resolved(schema, item)
    for name, found in item.get("properties", {}).items():
        below = f"{path}.{name}" if path else name
        yield below, {**_resolved(schema, found), **found}
        yield from _keys(schema, found, below)
    rest = item.get("additionalProperties")
    if isinstance(rest, Mapping) and rest:
        below = f"{path}.<name>"
        yield from _keys(schema, rest, below)
    items = item.get("items")
    if isinstance(items, Mapping):
        yield from _keys(schema, items, f"{path}[]")
    for key in ("anyOf", "oneOf"):
        for option in item.get(key, ()):
            yield from _keys(schema, option, path)


def _resolved(schema: Mapping[str, Any], item: Mapping[str, Any]) -> Mapping[str, Any]:
    while "$ref" in item:
        found: Any = schema
        for step in item["$ref"].removeprefix("#/").split("/"):
            found = found[step]
        item = found
    return item


def _type_of(schema: Mapping[str, Any], item: Mapping[str, Any]) -> str:
    item = _resolved(schema, item)
    if "enum" in item:
        return " or ".join(f"`{value}`" for value in item["enum"])
    for key in ("anyOf", "oneOf"):
        if key in item:
            kinds = dict.fromkeys(_type_of(schema, option) for option in item[key])
            return " or ".join(kind for kind in kinds if kind != "null")
    kind = item.get("type", "anything")
    if isinstance(kind, list):
        return " or ".join(name for name in kind if name != "null")
    return str(kind)
