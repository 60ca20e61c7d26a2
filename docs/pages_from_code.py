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
from typing import Any

__all__ = ["write_pages"]

_ROOT = Path(__file__).parent.parent
_WIDTH, _ROW, _TOP = 760, 34, 132


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
    rooms = _rooms()
    height = _TOP + len(rooms) * _ROW + 150
    label = "The layers of the core, each above those that use it"
    roof = f"20,{_TOP - 10} {_WIDTH // 2},24 {_WIDTH - 20},{_TOP - 10}"
    head = f'xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}"'
    parts = [
        f'<svg {head} font-family="sans-serif" font-size="13" role="img" aria-label="{label}">',
        f'<polygon points="{roof}" fill="#e8eef7" stroke="#44546a"/>',
        _text(_WIDTH // 2, 84, "modelwire", size=22, weight="bold", anchor="middle"),
        _text(_WIDTH // 2, 108, "each layer imports only from layers above it", anchor="middle"),
    ]
    for number, room in enumerate(rooms):
        y = _TOP + number * _ROW
        fill = "#ffffff" if number % 2 else "#f5f7fa"
        parts.append(
            f'<rect x="40" y="{y}" width="{_WIDTH - 80}" height="{_ROW}" fill="{fill}" '
            'stroke="#44546a"/>'
        )
        parts.append(_text(54, y + 22, room, weight="bold"))
        parts.append(_text(160, y + 22, _shortened(_first_sentence(room), 88), size=12))
    ground = _TOP + len(rooms) * _ROW
    parts.append(
        f'<line x1="10" y1="{ground}" x2="{_WIDTH - 10}" y2="{ground}" stroke="#44546a" '
        'stroke-width="3"/>'
    )
    for number, (name, what) in enumerate(_outside()):
        x = 40 + number % 3 * 230
        y = ground + 26 + number // 3 * 56
        parts.append(
            f'<rect x="{x}" y="{y}" width="220" height="46" rx="6" fill="#fdf3e1" '
            'stroke="#8a6d3b"/>'
        )
        parts.append(_text(x + 12, y + 19, name, weight="bold"))
        parts.append(_text(x + 12, y + 36, _shortened(what, 34), size=11))
    parts.append("</svg>\n")
    return "\n".join(parts)


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
    step, box, top = 92, 58, 76
    height = top + len(_DOWN) * step + 70
    label = (
        "The life of a request: down from the prompt to the network, and up from it to the events"
    )
    head = f'xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}"'
    arrow = (
        '<defs><marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" '
        'markerHeight="8" orient="auto"><path d="M0 0L8 4L0 8z" fill="#44546a"/></marker></defs>'
    )
    parts = [
        f'<svg {head} font-family="sans-serif" font-size="13" role="img" aria-label="{label}">',
        '<rect width="100%" height="100%" fill="#ffffff"/>',
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
        f'<rect x="20" y="{network}" width="{_WIDTH - 40}" height="40" rx="6" fill="#eef2f7" '
        'stroke="#44546a"/>'
    )
    parts.append(_text(_WIDTH // 2, network + 25, "network", weight="bold", anchor="middle"))
    parts.append("</svg>\n")
    return "\n".join(parts)


def _step(x: int, y: int, height: int, name: str, path: str) -> list[str]:
    doc = ast.get_docstring(ast.parse((_ROOT / path).read_text("utf-8"))) or ""
    what = " ".join(doc.partition("\n\n")[0].split()).rstrip(".")
    fill, stroke = ("#fdf3e1", "#8a6d3b") if path.startswith("plugins/") else ("#f5f7fa", "#44546a")
    frame = f'x="{x}" y="{y}" width="350" height="{height}" rx="6"'
    return [
        f'<rect {frame} fill="{fill}" stroke="{stroke}"/>',
        _text(x + 12, y + 19, name, weight="bold"),
        _text(x + 12, y + 35, _shortened(what, 54), size=11),
        _text(x + 12, y + 50, path.partition("/src/")[2], size=10),
    ]


def _arrow(x: int, start: int, end: int) -> str:
    return (
        f'<line x1="{x}" y1="{start}" x2="{x}" y2="{end}" stroke="#44546a" stroke-width="1.5" '
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
        f'<text x="{x}" y="{y}" font-size="{size}" font-weight="{weight}" text-anchor="{anchor}" '
        f'fill="#1f2937">{escape(text)}</text>'
    )


def _shortened(text: str, length: int) -> str:
    return text if len(text) <= length else f"{text[: length - 1].rstrip()}…"


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
