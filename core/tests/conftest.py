"""Plugins for tests: real packages on the path, with real metadata and real entry points."""

import hashlib
import itertools
import sys
import textwrap
from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from modelwire.config import Config
from modelwire.registry import Registry, installed_claims

ECHO = """
    from modelwire.events import BlockEnd, Stop, TextDelta, UsageReport
    from modelwire.hookspecs import CredentialStatus, hookimpl
    from modelwire.messages import StopReason, Usage
    from modelwire.models import Model

    @hookimpl
    def detect_credentials(config):
        source = "env: ECHO_API_KEY" if config.environ.get("ECHO_API_KEY") else None
        return CredentialStatus("usable" if source else "unusable", source=source)

    @hookimpl
    async def discover_models(provider):
        return [Model(provider.id, "echo-1", context_window=1000), Model(provider.id, "echo-2")]

    @hookimpl
    async def stream_completion(model, context):
        yield TextDelta(0, f"{model.id} heard: ")
        yield TextDelta(0, context.messages[-1].content[0].text)
        yield BlockEnd(0)
        yield UsageReport(Usage(3, 4))
        yield Stop(StopReason.STOP, "end")
"""

# Follows a script, the user's message as JSON: a list of turns, each a text or a list of calls, as
# `["name", {arguments}]`. The last text may say `%s`, for what the results said.
SCRIPTED = """
    import asyncio
    import json

    from modelwire.events import ArgumentsDelta, BlockEnd, Stop, TextDelta, ToolCallStart
    from modelwire.hookspecs import hookimpl
    from modelwire.messages import AssistantMessage, StopReason, ToolResultMessage, UserMessage

    seen = []

    @hookimpl
    async def stream_completion(model, context, options):
        seen.append((context, options))
        asked = [m for m in context.messages if isinstance(m, UserMessage)][-1]
        turn = sum(isinstance(m, AssistantMessage) for m in context.messages)
        script = json.loads(asked.content[-1].text)
        now = script[min(turn, len(script) - 1)]
        if isinstance(now, str):
            results = [m for m in context.messages if isinstance(m, ToolResultMessage)]
            said = "; ".join(m.content[0].text for m in results)
            yield TextDelta(0, now.replace("%s", said))
            if model.id == "hangs":
                await asyncio.sleep(600)
            yield Stop(StopReason.STOP)
            return
        for index, (name, arguments) in enumerate(now):
            yield ToolCallStart(index, f"c{turn}-{index}", name)
            yield ArgumentsDelta(index, json.dumps(arguments))
            yield BlockEnd(index)
        yield Stop(StopReason.TOOL_USE)
"""


class Site:
    """A folder of installed packages."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.modules: list[str] = []

    def install(
        self,
        name: str,
        entries: Mapping[str, Mapping[str, str]],
        source: str = ECHO,
        version: str = "1.0",
        module: str | None = None,
    ) -> str:
        """Put a package there; return the name of its one module."""
        module = module or name.replace("-", "_") + "_plugin"
        self.modules.append(module)
        (self.path / f"{module}.py").write_text(textwrap.dedent(source))
        info = self.path / f"{name.replace('-', '_')}-{version}.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        lines = []
        for group, claims in entries.items():
            lines.append(f"[modelwire.{group}]")
            lines += [f"{key} = {value or module}" for key, value in claims.items()]
        (info / "entry_points.txt").write_text("\n".join(lines))
        files = [f"{module}.py", f"{info.name}/METADATA", f"{info.name}/entry_points.txt"]
        (info / "RECORD").write_text("".join(f"{self._row(file)}\n" for file in files))
        return module

    def _row(self, file: str) -> str:
        raw = (self.path / file).read_bytes()
        digest = urlsafe_b64encode(hashlib.sha256(raw).digest()).rstrip(b"=").decode()
        return f"{file},sha256={digest},{len(raw)}"

    def provider(self, provider: str, source: str = ECHO, **options) -> str:
        """Put a package there that claims one provider id."""
        name = options.pop("name", f"modelwire-{provider}")
        return self.install(name, {"providers": {provider: ""}}, source, **options)

    def registry(self, document: Mapping | None = None, environ: Mapping | None = None) -> Registry:
        """The plugins of this folder alone."""
        config = Config.from_document(document or {}, environ=environ or {})
        return Registry(config, installed_claims([str(self.path)]))


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Site]:
    path = tmp_path / "site-packages"
    path.mkdir()
    # The folder is new, so no finder has to forget what it knows, as `syspath_prepend` has them do; there
    # is one for each folder that was ever on the path, unless it is dropped.
    monkeypatch.setattr(sys, "path", [str(path), *sys.path])
    site = Site(path)
    yield site
    sys.path_importer_cache.pop(str(path), None)
    for module in site.modules:
        sys.modules.pop(module, None)


@pytest.fixture
def scripted(site) -> str:
    """A provider `scripted` that says and calls what the user's message tells it to."""
    return site.provider("scripted", SCRIPTED)


@pytest.fixture(scope="session")
def _states(tmp_path_factory):
    """Folders that do not exist yet; few tests make theirs."""
    parent = tmp_path_factory.mktemp("states")
    return (str(parent / str(number)) for number in itertools.count())


@pytest.fixture(autouse=True)
def _own_state(_states, monkeypatch) -> None:
    """Approvals that a test makes are not the developer's."""
    folder = next(_states)
    monkeypatch.setenv("MODELWIRE_STATE_DIR", folder)
    monkeypatch.setenv("XDG_STATE_HOME", folder)
