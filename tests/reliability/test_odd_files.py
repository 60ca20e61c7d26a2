"""Files that are no files: FIFOs, devices, folders, and files that are far too large.

Each is refused with a typed error; nothing is waited for and nothing is read without bound.
"""

import json
import os

import preloaded
import pytest
from extensive_tests import partly_extensive

from modelwire import CompletionOptions, Context, Model, UserMessage
from modelwire.catalog.cache import DiscoveryCache, listed_names
from modelwire.files import SIZE_LIMITS
from modelwire_cache.fingerprint import RecordedRequest
from modelwire_cache.store import RecordingStore

pytestmark = pytest.mark.timeout(240)

MODEL = "local/smollm2-135m-instruct"


@pytest.fixture
def run(tmp_path):
    (tmp_path / "work").mkdir()

    def run(*arguments, **environ):
        return preloaded.run(
            arguments,
            cwd=tmp_path / "work",
            env={
                "PATH": os.environ["PATH"],
                "HOME": str(tmp_path / "home"),
                "AWS_EC2_METADATA_DISABLED": "true",
                **environ,
            },
            text=True,
            timeout=100,
        )

    return run


KINDS = {
    "FIFO": "FIFO",
    "/dev/zero": "device",
    "/dev/full": "device",
    "/dev/tty": "device",
    "folder": "folder",
    "large": "larger than",
}


def make(kind, path):
    path.parent.mkdir(parents=True, exist_ok=True)
    if kind == "FIFO":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    elif kind == "large":
        with path.open("wb") as file:
            file.write(b'{a: "')
            file.truncate(300 * 1024 * 1024)
    else:
        path.symlink_to(kind)


def refused(done, kind):
    said = done.stdout + done.stderr
    assert "Traceback" not in said
    assert done.returncode == 1, said
    assert KINDS[kind] in said or "not a regular file" in said, said


COMMANDS = [
    ("models", "list"),
    ("models", "aliases"),
    ("complete", "-m", MODEL, "hi"),
    ("config", "get"),
    ("config", "validate"),
    ("config", "set", "agents.defaults.timeoutSeconds", "5"),
    ("config", "trust", "--yes"),
    ("plugins", "list"),
    ("doctor", "--offline"),
]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("arguments", COMMANDS, ids=" ".join)
def test_a_configuration_that_is_no_file_is_refused(run, tmp_path, kind, arguments):
    make(kind, tmp_path / "work" / "modelwire.json5")
    refused(run(*arguments), kind)


@pytest.mark.parametrize("kind", KINDS)
def test_a_configuration_that_is_named_and_no_file_is_refused(run, tmp_path, kind):
    path = tmp_path / "other.json5"
    make(kind, path)
    refused(run("models", "list", "--config", path), kind)
    refused(run("models", "list", MODELWIRE_CONFIG=str(path)), kind)
    refused(run("config", "set", "a", "1", "--config", path), kind)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("option", ["patch", "batch"])
def test_a_change_that_is_no_file_is_refused(run, tmp_path, kind, option):
    path = tmp_path / "change.json5"
    make(kind, path)
    command = {"patch": ("config", "patch", "--file"), "batch": ("config", "set", "--batch-file")}
    done = run(*command[option], path)
    if kind == "folder":
        assert done.returncode == 2  # click knows folders
    else:
        refused(done, kind)


@pytest.mark.parametrize("kind", KINDS)
def test_tools_that_are_no_file_are_refused(run, tmp_path, kind):
    path = tmp_path / "tools.py"
    make(kind, path)
    refused(run("complete", "--yes", "--tools", path, "-m", MODEL, "hi"), kind)


@pytest.mark.parametrize("kind", KINDS)
def test_a_session_that_is_no_file_is_refused(run, tmp_path, kind):
    path = tmp_path / "talk.jsonl"
    make(kind, path)
    done = run("chat", "-m", MODEL, "--session", path, "hi")
    if kind == "folder":
        assert done.returncode in (1, 2)
    else:
        refused(done, kind)


@pytest.mark.parametrize("kind", KINDS)
def test_a_session_among_others_that_is_no_file_is_passed_over(run, tmp_path, kind):
    make(kind, tmp_path / "state" / "sessions" / "2026.jsonl")
    done = run("chat", "--resume", MODELWIRE_STATE_DIR=str(tmp_path / "state"))
    assert "Traceback" not in done.stderr
    assert "No conversation" in done.stdout + done.stderr


@pytest.mark.parametrize("kind", KINDS)
def test_a_recording_among_others_that_is_no_file_is_reported(run, tmp_path, kind):
    recordings = tmp_path / "recordings"
    make(kind, recordings / f"x-{'0' * 16}-1.json")
    environ = {"MODELWIRE_RECORDINGS": "replay", "MODELWIRE_RECORDINGS_DIR": str(recordings)}
    done = run("recordings", "list", **environ)
    assert (done.returncode, done.stderr) == (0, "")
    assert f"x-{'0' * 16}-1.json  damaged" in done.stdout


def test_the_recording_of_a_request_that_is_a_fifo_is_not_waited_for(tmp_path):
    asked = (Model("acme", "m"), Context([UserMessage("hi")]), CompletionOptions())
    request = RecordedRequest.of("completion", *asked, names={})
    store = RecordingStore(tmp_path)
    os.mkfifo(store.path(request, 1))
    with pytest.raises(OSError, match="FIFO"):
        store.read(store.find(request, 1))


@pytest.mark.parametrize("kind", KINDS)
def test_a_list_of_models_that_is_no_file_is_fetched_again(tmp_path, kind):
    make(kind, tmp_path / "acme.json")
    assert DiscoveryCache(tmp_path).read("acme") is None
    assert list(listed_names(tmp_path)) == []


# Paths.


@pytest.mark.parametrize("command", ["get", "set", "unset"])
@pytest.mark.parametrize("path", ["a." * 3000 + "a", "a" + "[0]" * 3000, "a" + '["b"]' * 3000])
def test_a_path_of_thousands_of_segments_is_refused(run, command, path):
    value = ("1",) if command == "set" else ()
    done = run("config", command, path, *value)
    assert done.returncode == 1
    assert "more than 200 segments" in done.stderr


def test_a_patch_of_thousands_of_levels_is_refused(run, tmp_path):
    patch = tmp_path / "patch.json5"
    patch.write_text("{a:" * 3000 + "1" + "}" * 3000)
    done = run("config", "patch", "--file", patch)
    assert done.returncode == 1
    assert "nested more than 200 levels" in done.stderr


# Sizes.


LARGEST = {
    "text": "{a: '" + "x" * 1_000_000 + "',}",
    "keys": "{" + "".join(f"k{n}:{n}," for n in range(80_000)) + "}",
    "twice": "{" + "a:1," * 200_000 + "}",
    "comments": "{" + "// x\n" * 180_000 + "}",
    "nested": "{a: " + "[" * 1_000_000,
    "digits": "{a: " + "9" * 1_000_000 + ",}",
    "urls": '{"a": "' + "http://a:b" * 90_000 + '",}',
    "wrong": "{models: {providers: {"
    + "".join(f"p{n}: {{api: 5}}," for n in range(40_000))
    + "}}}",
}
"""Configurations of the largest size, by what there is much of."""


@pytest.mark.parametrize(
    "kind",
    partly_extensive(
        LARGEST, {"keys", "twice", "urls", "wrong"}.__contains__, "three commands read a megabyte"
    ),
)
def test_a_configuration_of_the_largest_size_takes_no_long_time(run, tmp_path, kind):
    """Each took minutes, or did not end, when a parser or an error grew with the square."""
    path = tmp_path / "work" / "modelwire.json5"
    path.write_text(LARGEST[kind])
    assert path.stat().st_size <= SIZE_LIMITS["configuration"]
    for arguments in (("models", "aliases"), ("config", "validate"), ("config", "trust", "--json")):
        done = run(*arguments)
        assert "Traceback" not in done.stderr, done.stderr[-2000:]


def test_an_edit_does_not_make_a_file_that_could_not_be_read_again(run, tmp_path):
    operations = [{"path": f"other.k{n}", "value": "x" * 50_000} for n in range(30)]
    (tmp_path / "batch.json").write_text(json.dumps(operations))
    done = run("config", "set", "--batch-file", tmp_path / "batch.json")
    assert done.returncode == 1
    assert "larger than 1 MiB" in done.stderr
    assert run("config", "get").stdout.strip() == "{}"


# Folders.


def test_a_cache_folder_that_everybody_can_write_gives_one_note(run, tmp_path):
    cache = tmp_path / "cache" / "models"
    cache.mkdir(parents=True)
    cache.chmod(0o777)
    (tmp_path / "home" / ".config" / "modelwire").mkdir(parents=True)
    run("models", "list", MODELWIRE_CACHE_DIR=str(tmp_path / "cache"))
    (cache / "x.json").write_text("{}")
    done = run("doctor", "--offline", MODELWIRE_CACHE_DIR=str(tmp_path / "cache"))
    assert done.stderr.count("0777") == 1
    assert f"chmod go-w {cache}" in done.stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_a_list_of_models_of_another_user_is_not_used(tmp_path):
    DiscoveryCache(tmp_path).write("acme", [Model("acme", "m", base_url="http://evil")], 1.0)
    assert DiscoveryCache(tmp_path).read("acme") is not None
    os.chown(tmp_path / "acme.json", 12345, 12345)
    assert DiscoveryCache(tmp_path).read("acme") is None


def test_a_folder_of_recordings_that_everybody_can_write_gives_one_note(run, tmp_path):
    recordings = tmp_path / "recordings"
    recordings.mkdir()
    recordings.chmod(0o777)
    done = run("recordings", "list", MODELWIRE_RECORDINGS_DIR=str(recordings))
    assert done.stderr.count("0777") == 1
    assert done.returncode == 0
