"""Installed packages are read from their files as they are now, and as Python itself finds them."""

import os
import subprocess
import sys
import textwrap
import threading
import zipfile
from importlib.metadata import DistributionFinder, PathDistribution, distributions
from types import SimpleNamespace

import pytest

from modelwire.registry import installed_claims, metadata
from modelwire.registry.metadata import Package, packages_with

# It takes long, so it begins early where processes share the tests.
pytestmark = pytest.mark.timeout(120)

PREFIX = "modelwire."


def owned():
    """The provider ids that packages claim at this moment."""
    return sorted(claim.name for claim in installed_claims() if claim.kind == "providers")


def rewrite(file, text):
    """Change a file and leave its folders, and the file's own times, as they were."""
    before = file.stat()
    file.write_text(text)
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))


def test_every_installed_package_is_read_as_importlib_metadata_reads_it():
    theirs = {}
    for found in distributions():
        if found.entry_points:
            entries = {(entry.group, entry.name, entry.value) for entry in found.entry_points}
            theirs.setdefault((found.metadata["Name"], found.version), entries)
    ours = {}
    for package in packages_with(""):
        ours.setdefault(package[:2], set(map(tuple, package.entry_points)))
    assert ours == theirs
    assert len(ours) > 5


def test_what_is_installed_edited_and_removed_counts_at_once(site):
    before = owned()
    site.provider("first")
    assert owned() == sorted([*before, "first"])
    site.provider("second")
    assert owned() == sorted([*before, "first", "second"])
    info = site.path / "modelwire_first-1.0.dist-info"
    rewrite(info / "entry_points.txt", "[modelwire.providers]\nother = modelwire_first_plugin")
    assert owned() == sorted([*before, "other", "second"])
    (info / "entry_points.txt").unlink()
    assert owned() == sorted([*before, "second"])


def test_what_has_not_changed_for_a_while_is_not_read_again(site, monkeypatch):
    opened, listed = [], []

    def listing(folder):
        listed.append(folder)
        return os.listdir(folder)  # noqa: PTH208

    def opening(path, **options):
        opened.append(path)
        return open(path, **options)  # noqa: PTH123

    site.provider("first")
    info = site.path / "modelwire_first-1.0.dist-info"
    monkeypatch.setattr(metadata, "_SETTLED", 0)
    monkeypatch.setattr(metadata, "open", opening, raising=False)
    monkeypatch.setattr(metadata, "os", SimpleNamespace(**{**vars(os), "listdir": listing}))
    before = owned()
    assert str(info / "entry_points.txt") in opened
    assert str(site.path) in listed
    opened.clear()
    listed.clear()
    assert owned() == before
    assert (opened, listed) == ([], [])
    rewrite(info / "entry_points.txt", "[modelwire.providers]\nother = modelwire_first_plugin")
    assert "other" in owned()
    assert opened == [str(info / "entry_points.txt")]


def test_a_folder_that_joins_the_path_counts_at_once(site, monkeypatch):
    site.provider("first")
    monkeypatch.syspath_prepend(site.path.parent)
    assert "first" in owned()
    monkeypatch.setattr(sys, "path", [entry for entry in sys.path if entry != str(site.path)])
    assert "first" not in owned()
    monkeypatch.chdir(site.path)
    monkeypatch.setattr(sys, "path", ["", *sys.path])
    assert "first" in owned()


def test_of_a_package_that_is_there_twice_the_first_on_the_path_counts(site, tmp_path):
    site.install("acme", {"providers": {"new": ""}}, version="2.0")
    older = type(site)(tmp_path / "older")
    older.path.mkdir()
    older.install("Acme", {"providers": {"old": ""}}, module="acme_plugin")
    found = installed_claims([str(site.path), str(older.path)])
    assert [(claim.name, claim.version) for claim in found] == [("new", "2.0")]


@pytest.mark.parametrize(
    ("folder", "about"),
    [
        ("acme-1.0.dist-info", "METADATA"),
        ("Acme.EGG-INFO", "PKG-INFO"),
        ("acme.egg/EGG-INFO", "PKG-INFO"),
    ],
)
def test_packages_are_found_however_they_were_installed(tmp_path, folder, about):
    info = tmp_path / folder
    info.mkdir(parents=True)
    (info / "entry_points.txt").write_text("[modelwire.providers]\nacme = acme.plugin\n")
    (info / about).write_text("Metadata-Version: 1.0\nNAME: acme\nVersion: 1.0\n\nName: body\n")
    path = [str(info.parent)]
    assert list(packages_with(PREFIX, path)) == [
        Package("acme", "1.0", [("modelwire.providers", "acme", "acme.plugin")])
    ]
    [theirs] = distributions(path=path)
    assert (theirs.metadata["Name"], theirs.version) == ("acme", "1.0")


def test_a_zip_file_on_the_path_is_looked_into(site, tmp_path, monkeypatch):
    site.provider("zipped")
    archive = tmp_path / "plugins.zip"
    with zipfile.ZipFile(archive, "w") as packed:
        for file in site.path.rglob("*"):
            if file.is_file():
                packed.write(file, file.relative_to(site.path))
    claims = installed_claims([str(archive)])
    assert [(claim.name, claim.distribution) for claim in claims] == [
        ("zipped", "modelwire-zipped")
    ]


def test_packages_that_another_finder_brings_are_found(site, monkeypatch):
    site.provider("elsewhere")
    info = site.path / "modelwire_elsewhere-1.0.dist-info"
    monkeypatch.setattr(sys, "path", [entry for entry in sys.path if entry != str(site.path)])

    class Finder(DistributionFinder):
        def find_spec(self, *_):
            return None

        def find_distributions(self, _context=None):
            yield PathDistribution(info)

    before = owned()
    monkeypatch.setattr(sys, "meta_path", [*sys.meta_path, Finder()])
    assert owned() == sorted([*before, "elsewhere"])


def test_damaged_packages_break_nothing(site):
    site.provider("echo")
    for name, file, content in [
        ("unreadable", "entry_points.txt", b"[modelwire.providers]\n\xff = x\n"),
        ("folder", "entry_points.txt/deeper", b""),
        ("nameless", "entry_points.txt", b"[modelwire.providers]\nnameless = x\nand nonsense\n"),
        ("garbled", "METADATA", b"Name: \xff\n"),
    ]:
        place = site.path / f"{name}-1.0.dist-info" / file
        place.parent.mkdir(parents=True)
        place.write_bytes(content)
    garbled = site.path / "garbled-1.0.dist-info" / "entry_points.txt"
    garbled.write_text("# nothing\n\n; nor here\n[modelwire.providers]\ngarbled = x [extra]\n")
    (site.path / "flat-1.0.egg-info").write_text("Name: flat\n")
    found = {
        entry.name: (package.name, entry.value)
        for package in packages_with(PREFIX, [str(site.path), str(site.path / "absent")])
        for entry in package.entry_points
    }
    assert found == {
        "echo": ("modelwire-echo", "modelwire_echo_plugin"),
        "nameless": ("?", "x"),
        "garbled": ("?", "x [extra]"),
    }


@pytest.mark.parametrize("value", ["{}:Inner.hooks", "{} : Inner.hooks [extra, more]"])
def test_an_entry_point_may_name_an_attribute_of_an_attribute(site, value):
    source = """
        from modelwire.hookspecs import CredentialStatus, hookimpl

        class Hooks:
            @hookimpl
            def detect_credentials(self):
                return CredentialStatus("usable", source="inner")

        class Inner:
            hooks = Hooks()
    """
    site.install("deep", {"providers": {"deep": value.format("deep_plugin")}}, source)
    registry = site.registry()
    hooks = registry.owner("deep").hooks
    given = {"provider": registry.provider_config("deep"), "config": registry._config}
    assert hooks.detect_credentials(**given, probe=False, timeout=1.0).source == "inner"


def test_threads_that_ask_at_once_get_the_same_owner_inside_every_wrapper(site):
    site.provider("slow", "import time\ntime.sleep(0.2)\n" + SLOW)
    site.install("around", {"middleware": {"around": ""}}, AROUND)
    registry = site.registry()
    gate = threading.Barrier(4)
    owners = []

    def ask():
        gate.wait()
        owners.append(registry.owner("slow"))

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(owners) == 4
    assert len(set(map(id, owners))) == 1
    assert len(owners[0].hooks.detect_credentials.get_hookimpls()) == 2


SLOW = """
from modelwire.hookspecs import hookimpl

@hookimpl
def detect_credentials(): ...
"""

AROUND = """
    from modelwire.hookspecs import hookimpl

    @hookimpl(wrapper=True)
    def detect_credentials():
        return (yield)
"""

PROJECT = """
    [build-system]
    requires = ["hatchling"]
    build-backend = "hatchling.build"

    [project]
    name = "Acme.Models"
    version = "1.0"

    [project.entry-points."modelwire.providers"]
    {provider} = "acme_models"

    [tool.hatch.build.targets.wheel]
    packages = ["acme_models"]

    [tool.hatch.build]
    dev-mode-dirs = ["."]
"""

LIST = """
from modelwire.registry import installed_claims
for claim in installed_claims():
    print(claim.name, claim.value, claim.distribution, claim.version)
"""


@pytest.mark.extensive("pip installs and uninstalls a package")
@pytest.mark.parametrize("editable", [False, True], ids=["copied", "editable"])
def test_what_pip_installs_and_uninstalls_counts_at_once(tmp_path, editable):
    def run(*arguments):
        done = subprocess.run(
            [python, *arguments], capture_output=True, text=True, cwd=tmp_path, timeout=120
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def install(provider):
        (source / "pyproject.toml").write_text(textwrap.dedent(PROJECT.format(provider=provider)))
        flags = ("--no-index", "--no-deps", "--no-build-isolation", "--force-reinstall", "--quiet")
        run("-m", "pip", "install", *flags, *(["--editable"] if editable else []), source)

    def claimed():
        return [line for line in run("-c", LIST).splitlines() if "Acme" in line]

    source = tmp_path / "source"
    (source / "acme_models").mkdir(parents=True)
    (source / "acme_models" / "__init__.py").touch()
    # Its own environment, which sees this one's pip, hatchling and modelwire, too.
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / "venv"], check=True)
    python = tmp_path / "venv" / "bin" / "python"
    [purelib] = (tmp_path / "venv" / "lib").glob("*/site-packages")
    here = "\n".join(f"import site; site.addsitedir({p!r})" for p in sys.path if "-packages" in p)
    (purelib / "outer.pth").write_text(here)

    assert claimed() == []
    install("acme")
    assert claimed() == ["acme acme_models Acme.Models 1.0"]
    install("umbrella")
    assert claimed() == ["umbrella acme_models Acme.Models 1.0"]
    run("-m", "pip", "uninstall", "--yes", "--quiet", "acme-models")
    assert claimed() == []
