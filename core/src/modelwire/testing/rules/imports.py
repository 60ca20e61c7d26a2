"""Rules on imports: loading a plugin is fast, and a call imports nothing on the event loop."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from typing import Any

import pytest

from modelwire.messages import Usage
from modelwire.testing.bench import PROMPT, Bench
from modelwire.testing.checks import check
from modelwire.testing.rules.rule import Rules, require
from modelwire.testing.wires import ScriptedAnswer

__all__ = ["LoadingRules"]

# What takes its time however few modules it has.
_HEAVY = frozenset(
    {
        "aiohttp", "asyncio", "genai_prices", "grpc", "httpx", "llama_cpp", "msgspec", "numpy",
        "onnxruntime", "pandas", "pydantic", "requests", "tiktoken", "torch", "transformers",
        "urllib3", "xllamacpp",
    }
)  # fmt: skip

_LIGHT = frozenset({"attr", "attrs", "modelwire", "pluggy"})
"""Modules loaded by a list of models before the first plugin is."""

_MOST_MODULES = 20
"""Modules of one other package that may be loaded. SDKs have hundreds, and load most of them."""

_ABILITIES = {
    "discover_models": "discovery",
    "embed": "embeddings",
    "batch_jobs": "batch_jobs",
}
"""The abilities of the optional hooks."""

_LOAD = """
import json, sys
from importlib.metadata import EntryPoint
arguments = json.load(sys.stdin)
before = set(sys.modules)
plugin = EntryPoint("plugin", arguments["value"], "modelwire.providers").load()
if arguments["detect"]:
    from modelwire.config import Config
    from modelwire.registry.loader import hooks_of
    config = Config.from_document(arguments["document"], environ=arguments["environ"])
    plugin = plugin() if isinstance(plugin, type) else plugin
    hooks = hooks_of(plugin)
    hooks.detect_credentials(
        provider=config.provider(arguments["provider"]), config=config, probe=False, timeout=5.0
    )
print(*sys.modules.keys() - before)
"""

_FIRST_CALL = """
import asyncio, json, sys
from pathlib import Path
arguments = json.load(sys.stdin)
from modelwire.config import Config
from modelwire.hookspecs import BatchItem, CompletionOptions
from modelwire.messages import Context, UserMessage
from modelwire.runtime import ProviderJobs, Runtime
from modelwire.testing.audit import imports

async def main():
    config = Config.from_document(arguments["document"], environ=arguments["environ"])
    async with Runtime.from_config(config, cache_directory=Path(arguments["folder"])) as runtime:
        with imports() as found:
            if arguments["hook"] == "discover_models":
                listing = await runtime.catalog.listing(arguments["provider"], refresh=True)
                assert listing.fetched_at is not None, listing.error
            elif arguments["hook"] == "embed":
                await runtime.embed("a text", model=arguments["embedding"])
            elif arguments["hook"] == "batch_jobs":
                jobs = await ProviderJobs.of(runtime, arguments["ref"])
                item = BatchItem("a", Context([UserMessage("x")]), CompletionOptions())
                await jobs.submit([item])
            else:
                await runtime.complete(arguments["prompt"], model=arguments["ref"])
    print(*found)

asyncio.run(main())
"""


class LoadingRules(Rules):
    """Loading a plugin is fast, as every list of models loads them all."""

    def test_it_is_found_by_its_entry_point_and_loads(self, bench: Bench) -> None:
        """The registry finds the plugin, and it follows the contract."""
        hooks, _ = bench.hooks(bench.config())
        check(bench.claim.distribution, "the plugin comes from an installed package")
        owners = hooks.stream_completion.get_hookimpls()
        check(owners, "the plugin has the hook stream_completion")

    def test_loading_it_imports_nothing_heavy(self, bench: Bench) -> None:
        """SDKs and HTTP libraries are imported when a hook is called."""
        _check_light(bench, _loaded(bench, detect=False), "loading the plugin")

    def test_detecting_credentials_imports_nothing_heavy(self, bench: Bench) -> None:
        """Neither are they by `detect_credentials`, which every list of models calls."""
        _check_light(bench, _loaded(bench, detect=True), "detect_credentials without a probe")

    @pytest.mark.parametrize(
        "hook", ["stream_completion", "discover_models", "embed", "batch_jobs"]
    )
    def test_a_first_call_imports_nothing_on_the_event_loop(self, bench: Bench, hook: str) -> None:
        """All that it needs is imported in a thread: by the hook `warm_up`, or by `batch_jobs`."""
        if hook in _ABILITIES:
            require(self.subject, _ABILITIES[hook])
        imported = _imported_by_first_call(bench, hook)
        check(
            not imported,
            f"the first {hook} of a process imports nothing on the event loop, but imported "
            f"{', '.join(imported)}; import it in the hook warm_up",
        )


def _loaded(bench: Bench, *, detect: bool) -> set[str]:
    """The modules that a fresh interpreter has loaded for it."""
    config = bench.config()
    arguments = {
        "value": bench.claim.value,
        "detect": detect,
        "provider": bench.subject.provider,
        "document": dict(config.document),
        "environ": dict(config.environ),
    }
    return set(_run(_LOAD, arguments, "can load the plugin"))


def _imported_by_first_call(bench: Bench, hook: str) -> list[str]:
    """The modules that a fresh interpreter imports on its event loop."""
    config, subject = bench.config(), bench.subject
    models = {**config.document.get("models", {})}
    if hook == "discover_models":
        # Also where it is not known whether the credentials would work.
        models[f"{subject.provider}Discovery"] = {"enabled": True}
    if subject.wire is not None and hook == "discover_models":
        bench.server.script(subject.wire.listing([subject.model]))
    elif subject.wire is not None and hook == "batch_jobs":
        bench.serve_batches()
    elif subject.wire is not None and hook == "embed":
        bench.server.script(subject.wire.vectors_reply([[0.5, 1.0]], Usage(input=1)))
    elif subject.wire is not None:
        bench.server.script(subject.wire.reply(subject.wire.bodies(ScriptedAnswer("Yes."))))
    arguments = {
        "hook": hook,
        "provider": subject.provider,
        "ref": str(subject.ref),
        "embedding": str(subject.embedding_ref),
        "prompt": PROMPT,
        "document": {**config.document, "models": models},
        "environ": dict(config.environ),
        "folder": config.environ["HOME"],
    }
    try:
        return _run(_FIRST_CALL, arguments, f"can call {hook}")
    except AssertionError:
        if subject.wire is not None:
            bench.check_sent(1)
        raise


def _run(program: str, arguments: dict[str, Any], what: str) -> list[str]:
    """Run a program in a fresh interpreter; the words of the last line that it prints."""
    path = os.pathsep.join(filter(None, sys.path))
    done = subprocess.run(  # noqa: S603 - this interpreter and a program above
        [sys.executable, "-c", program],
        input=json.dumps(arguments),
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    check(done.returncode == 0, f"a fresh interpreter {what}:\n{done.stderr}")
    return (done.stdout.splitlines() or [""])[-1].split()


def _check_light(bench: Bench, loaded: set[str], what: str) -> None:
    own = bench.claim.value.partition(".")[0]
    packages = Counter(module.partition(".")[0] for module in loaded)
    heavy = sorted(
        package
        for package, modules in packages.items()
        if package in _HEAVY
        or (modules > _MOST_MODULES and not _is_light(package) and package != own)
    )
    check(not heavy, f"{what} imports nothing heavy", found=f"imported {', '.join(heavy)}")


def _is_light(package: str) -> bool:
    return package in _LIGHT or package in sys.stdlib_module_names
