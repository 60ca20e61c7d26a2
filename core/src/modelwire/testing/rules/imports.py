"""Rules on imports: what it costs to have the plugin installed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter

from modelwire.testing.bench import Bench
from modelwire.testing.checks import check
from modelwire.testing.rules.rule import Rules

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
"""What a list of models has loaded before it loads the first plugin."""

_MOST_MODULES = 20
"""Modules of one other package that may be loaded. SDKs have hundreds, and load most of them."""

_LOAD = """
import json, sys
from importlib.metadata import EntryPoint
said = json.load(sys.stdin)
before = set(sys.modules)
plugin = EntryPoint("plugin", said["value"], "modelwire.providers").load()
if said["detect"]:
    from modelwire.config import Config
    from modelwire.registry.loader import hooks_of
    config = Config.from_document(said["document"], environ=said["environ"])
    plugin = plugin() if isinstance(plugin, type) else plugin
    hooks = hooks_of(plugin)
    hooks.detect_credentials(
        provider=config.provider(said["provider"]), config=config, probe=False, timeout=5.0
    )
print(*sys.modules.keys() - before)
"""


class LoadingRules(Rules):
    """Loading a plugin costs next to nothing, as every list of models loads them all."""

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


def _loaded(bench: Bench, *, detect: bool) -> set[str]:
    """The modules that a fresh interpreter has loaded for it."""
    config = bench.config()
    said = {
        "value": bench.claim.value,
        "detect": detect,
        "provider": bench.subject.provider,
        "document": dict(config.document),
        "environ": dict(config.environ),
    }
    path = os.pathsep.join(filter(None, sys.path))
    done = subprocess.run(  # noqa: S603 - this interpreter and the program above
        [sys.executable, "-c", _LOAD],
        input=json.dumps(said),
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    check(done.returncode == 0, f"a fresh interpreter can load the plugin:\n{done.stderr}")
    return set(done.stdout.split())


def _check_light(bench: Bench, loaded: set[str], what: str) -> None:
    own = bench.claim.value.partition(".")[0]
    packages = Counter(module.partition(".")[0] for module in loaded)
    heavy = sorted(
        package
        for package, modules in packages.items()
        if package in _HEAVY
        or (modules > _MOST_MODULES and not _is_light(package) and package != own)
    )
    check(not heavy, f"{what} imports nothing heavy, but imported {', '.join(heavy)}")


def _is_light(package: str) -> bool:
    return package in _LIGHT or package in sys.stdlib_module_names
