"""Every package builds a wheel of its own that carries types and asks for floors only."""

import re
import subprocess
import tomllib
import zipfile
from pathlib import Path

import pytest
from clean_venv import build_wheels
from published_plugins import PUBLISHED, published_plugins

ROOT = Path(__file__).parents[1]
PACKAGES = [
    ROOT / "core",
    *(
        path.parent
        for kind in ("plugins", "integrations")
        for path in sorted(ROOT.glob(f"{kind}/*/pyproject.toml"))
    ),
]


@pytest.fixture(scope="module", params=PACKAGES, ids=lambda path: path.name)
def wheel(request, tmp_path_factory):
    (built,) = build_wheels(tmp_path_factory.mktemp("wheels"), request.param)
    with zipfile.ZipFile(built) as archive:
        yield archive


def test_it_carries_types_and_no_tests(wheel):
    names = wheel.namelist()
    (typed,) = [name for name in names if name.count("/") == 1 and name.endswith("/py.typed")]
    assert typed.startswith("modelwire")
    assert not [name for name in names if "test" in name.partition("/")[0]]


def test_it_carries_every_file_of_its_source(wheel, request):
    source = request.node.callspec.params["wheel"] / "src"
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=source, capture_output=True, text=True, check=True
    )
    files = set(listed.stdout.rstrip("\0").split("\0"))
    assert len(files) > 3
    assert sorted(files - set(wheel.namelist())) == []


def test_it_asks_for_floors_only(wheel):
    (metadata,) = [name for name in wheel.namelist() if name.endswith(".dist-info/METADATA")]
    text = wheel.read(metadata).decode()
    assert "Requires-Python: >=3.11\n" in text
    requirements = re.findall(r"^Requires-Dist: (.*)$", text, re.MULTILINE)
    assert requirements
    floor = re.compile(r"[\w-]+(\[\w+\])?>=[\d.]+( ?; ?extra == .*)?")
    assert [r for r in requirements if not floor.fullmatch(r)] == []


def test_an_extra_of_the_core_names_every_plugin():
    extras = tomllib.loads((ROOT / "core/pyproject.toml").read_text())["project"][
        "optional-dependencies"
    ]
    plugins = [path.name for path in PACKAGES if path.parent.name == "plugins"]
    assert {name: extras.get(name) for name in plugins} == {
        name: [f"modelwire-{name}>=0.1"] for name in plugins
    }
    assert extras["all"] == [f"modelwire-{name}>=0.1" for name in plugins]


def test_setup_knows_every_provider_plugin_by_its_own_metadata():
    assert PUBLISHED.read_text() == published_plugins(), "run `make published`, and commit the file"
