"""The documentation site builds from a checkout, and every warning is an error."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.timeout(240)

ROOT = Path(__file__).parent.parent


def test_the_site_builds_without_a_warning(tmp_path):
    source, built = tmp_path / "repository" / "docs", tmp_path / "site"
    # A copy, since parts of the site are made from the code into its own folder.
    shutil.copytree(ROOT / "docs", source, ignore=shutil.ignore_patterns("_made", "__pycache__"))
    for part in ("core", "plugins"):
        (source.parent / part).symlink_to(ROOT / part)
    done = subprocess.run(
        [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", "-b", "html", source, built],
        capture_output=True,
        text=True,
        timeout=110,
    )
    assert (done.returncode, done.stderr) == (0, "")
    layers = (source / "_made" / "layers.svg").read_text()
    assert all(f">{room}</text>" in layers for room in ("errors", "runtime", "modelwire-openai"))
    request = (source / "_made" / "request.svg").read_text()
    assert all(f">{step}</text>" in request for step in ("Resolver", "Translator", "network"))
    hooks = (built / "reference" / "hooks.html").read_text()
    assert all(name in hooks for name in ("detect_credentials", "discover_models", "timeout"))
    keys = (built / "reference" / "configuration-keys.html").read_text()
    assert "agents.defaults.model" in keys
    assert "models.providers.&lt;name&gt;.baseUrl" in keys
