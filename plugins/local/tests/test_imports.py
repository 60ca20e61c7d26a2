import subprocess
import sys

import pytest

PROGRAM = """
import sys
import modelwire.hookspecs
before = set(sys.modules)
import {module}
print(*sorted({{name.partition(".")[0] for name in set(sys.modules) - before}}))
"""


def imported_by(module):
    command = [sys.executable, "-c", PROGRAM.format(module=module)]
    return set(subprocess.run(command, check=True, capture_output=True, text=True).stdout.split())


def test_importing_the_plugin_imports_nothing_heavy():
    heavy = {"aiohttp", "asyncio", "click", "ctypes", "hashlib", "subprocess", "xllamacpp"}
    assert not imported_by("modelwire_local.plugin") & heavy


@pytest.mark.parametrize("module", ["commands", "engine", "load", "credentials"])
def test_the_engine_is_imported_only_when_it_is_used(module):
    assert "xllamacpp" not in imported_by(f"modelwire_local.{module}")
