"""A release is the same bytes wherever it is built, and its wheels install a working command line.

One release is built twice, in two copies of the repository that differ in everything but their
commit; the tests of the installed command line share an environment with its wheels.
"""

import json
import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest
from clean_venv import build_wheels, environ_of, install, make_venv, run

# Filling the environments takes as long as the package index does.
pytestmark = [
    pytest.mark.timeout(900),
    pytest.mark.extensive("it builds the release twice, and installs it in a new environment"),
]

ROOT = Path(__file__).parents[1]
FOLDERS = [
    path.parent
    for kind in ("plugins", "integrations")
    for path in sorted(ROOT.glob(f"{kind}/*/pyproject.toml"))
]
PACKAGES = ["modelwire", *(f"modelwire-{folder.name.replace('_', '-')}" for folder in FOLDERS)]
COMMITTED = "2026-02-03T04:05:06"
LONG_AGO = 1_000_000_000


@pytest.fixture(scope="module")
def copied(tmp_path_factory):
    """A copy of the repository as it is now, committed."""
    copy = tmp_path_factory.mktemp("first") / "modelwire"
    listed = run("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", cwd=ROOT)
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, copy / name)
    git(copy, "init", "--quiet", "--initial-branch=main")
    git(copy, "add", "--all")
    git(copy, "commit", "--quiet", "--message=Everything", GIT_COMMITTER_DATE=f"{COMMITTED}Z")
    return copy


@pytest.fixture(scope="module")
def tools(copied):
    """The Python of an environment with the tools of a release, with the hashes that are pinned."""
    python = make_venv(copied / ".venv-release") / "python"
    pinned = ("--require-hashes", "--only-binary=:all:", "-r", ROOT / "release" / "tools.txt")
    run(sys.executable, "-m", "pip", "--python", python, "install", "--no-compile", *pinned)
    (copied / ".venv-release" / "made").touch()
    return python


@pytest.fixture(scope="module")
def first(copied, tools):
    """The copy, with its release as `make` makes it."""
    run("make", "release", cwd=copied)
    return copied


@pytest.fixture(scope="module")
def second(tmp_path_factory, tools, first):
    """A clone of it in a folder of another name, with other times and modes, and its release."""
    clone = tmp_path_factory.mktemp("second copy") / "elsewhere" / "a longer name"
    run("git", "clone", "--quiet", first, clone)
    for path in clone.rglob("*"):
        if ".git" not in path.parts and path.is_file():
            path.chmod(path.stat().st_mode & 0o700)
            os.utime(path, (LONG_AGO, LONG_AGO))
    scratch = clone.parent / "scratch"
    scratch.mkdir()
    surroundings = {"TMPDIR": str(scratch), "TZ": "Asia/Kathmandu", "LC_ALL": "C", "LANG": "C"}
    release(tools, clone, umask=0o077, env={**os.environ, **surroundings})
    return clone


def git(folder, *arguments, **environ):
    identity = ("-c", "user.name=Somebody", "-c", "user.email=somebody@example.invalid")
    return run("git", *identity, *arguments, cwd=folder, env={**os.environ, **environ})


def release(tools, folder, **options):
    return run(tools, folder / "release" / "release.py", cwd=folder.parent, **options)


def made(folder):
    return {path.name: path.read_bytes() for path in sorted((folder / "dist").iterdir())}


@pytest.fixture(scope="module")
def materials(first):
    (path,) = (first / "dist").glob("*.cdx.json")
    return json.loads(path.read_text())


def test_two_builds_are_the_same_bytes(first, second):
    ours, theirs = made(first), made(second)
    assert list(ours) == list(theirs)
    assert [name for name in ours if ours[name] != theirs[name]] == []


def test_every_package_has_a_wheel_and_a_source_archive_with_the_licence(first):
    names = set(made(first))
    licence = (ROOT / "LICENSE").read_bytes()
    for package in PACKAGES:
        stem = f"{package.replace('-', '_')}-0.1.0"
        with zipfile.ZipFile(first / "dist" / f"{stem}-py3-none-any.whl") as wheel:
            assert wheel.read(f"{stem}.dist-info/licenses/LICENSE") == licence
            times = {datetime(*info.date_time, tzinfo=UTC) for info in wheel.infolist()}
            assert times == {datetime.fromisoformat(f"{COMMITTED}Z")}
        with tarfile.open(first / "dist" / f"{stem}.tar.gz") as source:
            assert source.extractfile(f"{stem}/LICENSE").read() == licence
            assert {member.uid for member in source.getmembers()} == {0}
        names -= {f"{stem}-py3-none-any.whl", f"{stem}.tar.gz"}
    assert names == {"SHA256SUMS", "modelwire-0.1.0.cdx.json"}


def test_the_checksums_are_those_of_all_files(first):
    dist = first / "dist"
    checked = run("sha256sum", "--check", "--strict", "SHA256SUMS", cwd=dist)
    assert {line.removesuffix(": OK") for line in checked.splitlines()} == (
        set(made(first)) - {"SHA256SUMS"}
    )


VALIDATE = """
import sys
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

print(JsonStrictValidator(SchemaVersion.V1_6).validate_str(sys.stdin.read()))
"""


@pytest.fixture(scope="module")
def validator(tmp_path_factory):
    """The Python path of the validator, with all formats of texts.

    It has a folder of its own, because every import of `jsonschema` takes over a second beside it.
    """
    folder = tmp_path_factory.mktemp("validator")
    pip = (sys.executable, "-m", "pip", "install", "--quiet", "--no-compile", "--target", folder)
    run(*pip, "cyclonedx-python-lib[json-validation]>=11")
    return str(folder)


def test_the_bill_of_materials_is_valid_and_depends_on_the_commit_alone(
    materials, first, validator
):
    text = json.dumps(materials)
    environ = {**os.environ, "PYTHONPATH": validator}
    assert run(sys.executable, "-c", VALIDATE, input=text, env=environ) == "None\n"
    assert materials["metadata"]["timestamp"] == f"{COMMITTED}+00:00"
    assert str(first) not in text
    assert "file:" not in text
    commit = {
        "name": "modelwire:commit",
        "value": run("git", "rev-parse", "HEAD", cwd=first).strip(),
    }
    assert commit in materials["metadata"]["properties"]


def test_the_bill_of_materials_has_every_package_with_what_it_needs(materials, first):
    components = {component["name"]: component for component in materials["components"]}
    assert set(PACKAGES) < set(components)
    # Strands allows only an older one than modelwire-mcp needs.
    assert len({c["version"] for c in materials["components"] if c["name"] == "mcp"}) == 2
    for name, component in components.items():
        assert component["version"], name
        assert component["hashes"][0]["alg"] == "SHA-256", name
        assert component["licenses"], name
    sums = dict(reversed(line.split()) for line in made(first)["SHA256SUMS"].decode().splitlines())
    for name in PACKAGES:
        files = components[name]["externalReferences"]
        assert len(files) == 2
        assert {file["url"]: file["hashes"][0]["content"] for file in files}.items() <= sums.items()
        assert components[name]["licenses"][0]["license"]["id"] == "MIT"
    locked = "".join(path.read_text() for path in (ROOT / "release").glob("dependencies*.txt"))
    for name in set(components) - set(PACKAGES):
        assert f"--hash=sha256:{components[name]['hashes'][0]['content']}" in locked, name
    needs = {d["ref"]: d.get("dependsOn", []) for d in materials["dependencies"]}
    assert len(needs["release"]) == len(PACKAGES)
    bedrock = needs[components["modelwire-bedrock"]["bom-ref"]]
    assert {components[name]["bom-ref"] for name in ("modelwire", "boto3", "attrs")} <= set(bedrock)


@pytest.mark.parametrize("change", ["edited", "new"])
def test_a_tree_that_differs_from_its_commit_is_refused(tools, second, change):
    path = second / ("README.md" if change == "edited" else "core/src/forgotten.py")
    before, text = made(second), path.read_bytes() if path.exists() else None
    try:
        path.write_text("not committed")
        command = [tools, second / "release" / "release.py"]
        done = subprocess.run(command, capture_output=True, text=True)
    finally:
        path.unlink() if text is None else path.write_bytes(text)
    assert done.returncode == 1
    assert "differs from the last commit" in done.stderr
    assert path.name in done.stderr
    assert "Traceback" not in done.stderr
    assert made(second) == before


@pytest.mark.parametrize("lock", ["without a package", "with another hash"])
def test_dependencies_that_are_not_as_they_are_pinned_are_refused(tools, first, tmp_path, lock):
    pins = (ROOT / "release" / "dependencies.txt").read_text()
    start = pins.index("\npluggy==") + 1
    end = pins.index("\n", pins.rindex("--hash", start, pins.index("==", start + 8))) + 1
    pin = pins[start:end]
    other = "" if lock == "without a package" else f"{pin.split(' ')[0]} --hash=sha256:{'0' * 64}\n"
    (tmp_path / "dependencies.txt").write_text(pins.replace(pin, other))
    program = (
        "import sys; from pathlib import Path; import bom, release\n"
        "archives = {path: release.sha256(path) for path in Path(sys.argv[1]).glob('*-*.whl')}\n"
        "resolutions = release.resolutions(archives, Path(sys.argv[2]))\n"
        "bom.bill_of_materials(archives, resolutions, commit='x', time=0)"
    )
    done = subprocess.run(
        [tools, "-c", program, first / "dist", tmp_path],
        env={**os.environ, "PYTHONPATH": str(first / "release")},
        capture_output=True,
        text=True,
    )
    assert "bom.DependencyError: pip cannot resolve" in done.stderr
    assert "pluggy" in done.stderr
    assert "make lock" in done.stderr


GRABBER = """
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"

[project]
name = "grabber"
version = "3.0"

[project.entry-points."modelwire.commands"]
config = "grabber:config"
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory, first):
    """The programs of an environment with the core's wheel, and a package that wants a command."""
    source = tmp_path_factory.mktemp("grabber")
    (source / "pyproject.toml").write_text(GRABBER)
    (source / "grabber.py").write_text("raise SystemExit('the command of the plugin')")
    core = first / "dist" / "modelwire-0.1.0-py3-none-any.whl"
    programs = make_venv(tmp_path_factory.mktemp("installed"), core)
    install(programs, *build_wheels(tmp_path_factory.mktemp("wheels"), source))
    return programs


@pytest.fixture
def modelwire(installed, tmp_path):
    def modelwire(*arguments):
        environ = environ_of(installed, tmp_path)
        return subprocess.run(
            [installed / "modelwire", *arguments],
            env=environ,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=60,
        )

    return modelwire


def test_a_planted_pth_file_is_found(modelwire, installed):
    (folder,) = installed.parent.glob("lib/*/site-packages")
    planted = folder / "zz\x1b[2Jplanted.pth"
    planted.write_text("import sys; sys.planted = 'yes'\n")
    try:
        assert run(installed / "python", "-c", "import sys; print(sys.planted)") == "yes\n"
        done = modelwire("doctor", "--offline", "--json")
        shown = modelwire("doctor", "--offline")
    finally:
        planted.unlink()
    (found,) = [
        check
        for check in json.loads(done.stdout)["checks"]
        if check["check"] == "startup" and check["state"] == "warning"
    ]
    assert found["details"]["file"] == str(planted)
    assert found["details"]["code"] == ["import sys; sys.planted = 'yes'"]
    assert found["details"]["owner"] is None
    assert r"zz\x1b[2Jplanted.pth runs code whenever Python starts" in shown.stdout
    assert "\x1b" not in done.stdout + shown.stdout
    assert "planted.pth" not in modelwire("doctor", "--offline").stdout


def test_a_package_that_shadows_a_command_is_named_and_not_called(modelwire):
    assert modelwire("config", "file").returncode == 0
    listed = modelwire("--help").stdout.partition("Commands:")[2]
    assert listed.count("\n  config ") == 1
    assert "grabber" not in listed
    done = modelwire("doctor", "--offline", "--json")
    found = [c for c in json.loads(done.stdout)["checks"] if c["check"] == "claims"]
    assert [(c["state"], c["message"].partition(",")[0]) for c in found] == [
        ("ok", "grabber 3.0 claims commands (1)"),
        ("warning", "grabber 3.0 claims config (commands)"),
    ]
    assert found[0]["details"]["recorded"] is True
