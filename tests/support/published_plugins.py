"""The packages of this project, as setup and errors name those that are not installed.

`make published`, or `python tests/support/published_plugins.py`, writes them to `published.json` in the
core, from the entry points in each package's `pyproject.toml` and from the guides that they name.
"""

import json
import tomllib
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
PUBLISHED = ROOT / "core" / "src" / "modelwire" / "registry" / "published.json"


def published_plugins() -> str:
    """The text of the file: each plugin that has a guide, and the package of each batch runner."""
    plugins = [_plugin(project) for project in _projects("plugins") if _entries(project, "setup")]
    runners = {
        name: project["name"]
        for project in _projects("integrations")
        for name in _entries(project, "batch_runners")
    }
    return json.dumps({"batch_runners": runners, "plugins": plugins}, indent=2) + "\n"


def _projects(folder: str) -> list[dict[str, Any]]:
    projects = [
        tomllib.loads(path.read_text(encoding="utf-8"))["project"]
        for path in ROOT.glob(f"{folder}/*/pyproject.toml")
    ]
    return sorted(projects, key=lambda project: str(project["name"]))


def _plugin(project: dict[str, Any]) -> dict[str, Any]:
    guides = {
        name: EntryPoint(name, value, "modelwire.setup").load()
        for name, value in sorted(_entries(project, "setup").items())
    }
    # The name of a guide for servers of the user's own may be the name of such a server.
    own = {name for name, guide in guides.items() if guide.provider is not None}
    names = own.union(_entries(project, "providers"), _entries(project, "aliases"))
    return {
        "distribution": project["name"],
        "titles": [guide.title for guide in guides.values()],
        "names": sorted(names),
        "apis": sorted(_entries(project, "apis")),
        "auth": sorted(_entries(project, "auth")),
    }


def _entries(project: dict[str, Any], kind: str) -> dict[str, str]:
    entries: dict[str, str] = project.get("entry-points", {}).get(f"modelwire.{kind}", {})
    return entries


if __name__ == "__main__":
    PUBLISHED.write_text(published_plugins(), encoding="utf-8")
