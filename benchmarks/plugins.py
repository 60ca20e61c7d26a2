"""Plugins that do next to nothing, installed in a folder for `PYTHONPATH`."""

from __future__ import annotations

from pathlib import Path

from attrs import frozen

__all__ = ["LLM_PLUGIN", "PROVIDER_PLUGIN", "Plugin", "install"]


@frozen
class Plugin:
    """A kind of plugin.

    Attributes:
        group: The group of its entry point.
        source: Its module; `NAME` stands for its name.
    """

    group: str
    source: str


PROVIDER_PLUGIN = Plugin(
    "modelwire.providers",
    """
from modelwire.hookspecs import CredentialStatus, hookimpl


@hookimpl
def detect_credentials():
    return CredentialStatus("usable", source="none needed")


@hookimpl
async def discover_models(provider):
    from modelwire.models import Model

    return [Model(provider.id, f"model-{n}", context_window=1000) for n in range(10)]


@hookimpl
async def stream_completion(model):
    yield
""",
)

LLM_PLUGIN = Plugin(
    "llm",
    """
import llm


class Dummy(llm.Model):
    def __init__(self, model_id):
        self.model_id = model_id

    def execute(self, prompt, stream, response, conversation):
        yield "hello"


@llm.hookimpl
def register_models(register):
    for number in range(10):
        register(Dummy(f"NAME-{number}"))
""",
)


def install(folder: Path, count: int, plugin: Plugin) -> None:
    """Install so many plugins of a kind: a module and what `pip` writes about it."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        name = f"dummy_{number:02d}"
        (folder / f"{name}.py").write_text(plugin.source.replace("NAME", name))
        about = folder / f"{name}-1.0.dist-info"
        about.mkdir()
        (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        entry = name.replace("_", "-")
        (about / "entry_points.txt").write_text(f"[{plugin.group}]\n{entry} = {name}\n")
