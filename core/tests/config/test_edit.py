"""Writing the configuration file: nothing is lost, whatever else happens."""

import json
import os
import resource
import stat
import subprocess
import sys
import textwrap
from functools import partial

import json5
import pytest

from modelwire.config.edit import edit_config
from modelwire.document.edit import set_value, unset_value
from modelwire.errors import ConfigError
from modelwire.files import locked


def setting(path, value):
    return partial(set_value, path=path, value=value)


@pytest.fixture
def file(tmp_path):
    return tmp_path / "modelwire.json5"


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_missing_file_is_created_with_its_folder_for_its_owner_only(tmp_path):
    path = tmp_path / "new" / "deep" / "my.json5"
    written = edit_config(setting("models.mode", "merge"), path)
    assert (written.created, written.changed, written.before) == (True, True, "")
    assert json5.loads(path.read_text()) == {"models": {"mode": "merge"}}
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_without_any_file_the_users_own_is_created(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home"))
    written = edit_config(setting("models.mode", "merge"), environ={}, cwd=tmp_path)
    assert written.path.is_relative_to(tmp_path / "home")
    assert written.path.exists()


def test_the_variable_names_the_file_that_is_created(tmp_path):
    environ = {"MODELWIRE_CONFIG": str(tmp_path / "own.json5")}
    written = edit_config(setting("models.mode", "merge"), environ=environ, cwd=tmp_path)
    assert written.path == tmp_path / "own.json5"
    assert written.path.exists()


def test_an_equal_text_touches_nothing(file):
    file.write_text("{ models: { mode: 'merge' } } // mine\n")
    os.utime(file, (1, 1))
    written = edit_config(setting("models.mode", "merge"), file)
    assert not written.changed
    assert file.stat().st_mtime == 1
    assert names(file.parent) == ["modelwire.json5"]


def test_a_dry_run_says_what_would_be_and_touches_nothing(file, tmp_path):
    file.write_text("{}")
    written = edit_config(setting("models.mode", "merge"), file, dry_run=True)
    assert written.changed
    assert "merge" in written.after
    missing = tmp_path / "other" / "x.json5"
    assert edit_config(setting("models.mode", "merge"), missing, dry_run=True).created
    assert names(tmp_path) == ["modelwire.json5"]
    assert file.read_text() == "{}"


def test_a_result_that_is_not_valid_is_not_written(file):
    file.write_text("{\n  models: {},\n}\n")
    with pytest.raises(ConfigError) as raised:
        edit_config(setting("models.mode", "both"), file)
    assert f"{file}: models.mode: expected one of" in str(raised.value)
    assert file.read_text() == "{\n  models: {},\n}\n"


def test_a_variable_that_is_not_set_is_not_written(file):
    edit = setting("models.providers.acme.apiKey", "${ACME_KEY}")
    with pytest.raises(ConfigError, match='Missing env var "ACME_KEY"'):
        edit_config(edit, file, environ={})
    assert not file.exists()
    edit_config(edit, file, environ={"ACME_KEY": "hush"})
    assert "${ACME_KEY}" in file.read_text()
    assert "hush" not in file.read_text()


def test_one_of_several_problems_can_be_mended_alone(file):
    file.write_text('{models: {mode: 5, providers: {acme: {maxTokens: "many"}}}}')
    written = edit_config(setting("models.mode", "merge"), file)
    assert [problem.path for problem in written.remaining] == ["models.providers.acme.maxTokens"]
    with pytest.raises(ConfigError, match=r"models\.mode"):
        edit_config(setting("models.mode", 6), file)


def test_a_text_that_is_not_json5_names_the_file_and_the_line(file):
    file.write_text("{\n  models: oops }")
    with pytest.raises(ConfigError, match=f"{file}:2: "):
        edit_config(setting("models.mode", "merge"), file)


def test_byte_order_mark_and_line_ends_stay(file):
    file.write_bytes("\ufeff{\r\n  // ünï\r\n  models: {},\r\n}\r\n".encode())
    edit_config(setting("models.mode", "merge"), file)
    raw = file.read_bytes()
    assert raw.startswith(b"\xef\xbb\xbf{\r\n  // \xc3\xbcn\xc3\xaf\r\n")
    assert raw.count(b"\n") == raw.count(b"\r\n")


def test_a_file_that_others_could_read_is_closed_to_them(file):
    file.write_text("{}")
    file.chmod(0o644)
    edit_config(setting("models.mode", "merge"), file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


# Symbolic links.


def test_a_link_is_followed_and_stays_a_link(tmp_path):
    (tmp_path / "dotfiles").mkdir()
    target = tmp_path / "dotfiles" / "real.json5"
    target.write_text("{}")
    (tmp_path / "between").symlink_to("dotfiles/real.json5")
    link = tmp_path / "modelwire.json5"
    link.symlink_to("between")
    written = edit_config(setting("models.mode", "merge"), link)
    assert written.path == link
    assert link.is_symlink()
    assert (tmp_path / "between").is_symlink()
    assert "merge" in target.read_text()
    assert ".real.json5.tmp" not in names(target.parent)


@pytest.mark.parametrize(
    ("leads_to", "message"),
    [
        ("nowhere.json5", "is a symbolic link to nowhere.json5, which does not exist"),
        ("modelwire.json5", "is a symbolic link that leads in a circle"),
        ("folder", "is a folder"),
        ("/dev/null", "is not a regular file"),
    ],
)
def test_a_link_that_leads_to_no_file_is_an_error(tmp_path, leads_to, message):
    (tmp_path / "folder").mkdir()
    link = tmp_path / "modelwire.json5"
    link.symlink_to(leads_to)
    with pytest.raises(ConfigError, match=message) as raised:
        edit_config(setting("models.mode", "merge"), link)
    assert raised.value.hint
    assert link.is_symlink()
    assert names(tmp_path) == ["folder", "modelwire.json5"]


# Disks that are full, folders that are closed. The superuser is stopped by neither permission.

WRITE = """
    import sys
    from modelwire.document.edit import set_value
    from modelwire.config.edit import edit_config
    from modelwire.errors import ConfigError

    try:
        edit_config(lambda text: set_value(text, "models.note", "x" * 50_000), sys.argv[1])
    except ConfigError as error:
        print(error, error.hint)
    else:
        print("written")
"""


def write_elsewhere(path, *before, **options):
    code = textwrap.dedent(WRITE)
    command = [*before, sys.executable, "-c", code, str(path)]
    # Python would take half a file of bytecode for a whole one, the next time.
    environ = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=60, env=environ, **options
    )
    return done.stdout, done.stderr


def test_a_write_that_fails_half_way_leaves_the_old_file(file):
    file.write_text("{ models: {} }")

    def small_files_only():
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))

    out, _ = write_elsewhere(file, preexec_fn=small_files_only)
    assert f"{file}: File too large. Nothing was changed." in out
    assert file.read_text() == "{ models: {} }"
    assert names(file.parent) == [".modelwire.json5.lock", "modelwire.json5"]


def in_a_namespace(tmp_path, mount):
    """A command prefix that mounts something over a folder, for that command alone."""
    setup = f'{mount} && printf "{{}}" > "$0"; shift 0; exec "$@"'
    trial = subprocess.run(["unshare", "-rm", "sh", "-c", mount], capture_output=True)
    if trial.returncode:
        pytest.skip("no mounts of our own here")
    return ["unshare", "-rm", "sh", "-c", setup]


def test_a_full_disk_is_named_and_leaves_the_old_file(tmp_path):
    folder = tmp_path / "disk"
    folder.mkdir()
    file = folder / "modelwire.json5"
    prefix = in_a_namespace(tmp_path, f"mount -t tmpfs -o size=8k none {folder}")
    out, _ = write_elsewhere(file, *prefix, str(file))
    assert "No space left on device" in out


def test_a_folder_that_is_read_only_is_named(tmp_path):
    folder = tmp_path / "disk"
    folder.mkdir()
    file = folder / "modelwire.json5"
    file.write_text("{}")
    mount = f"mount --bind {folder} {folder} && mount -o remount,ro,bind {folder}"
    link = tmp_path / "modelwire.json5"
    link.symlink_to(file)
    prefix = in_a_namespace(tmp_path, mount)
    for path in file, link, folder / "new.json5":
        out, _ = write_elsewhere(path, *prefix, "/dev/null")
        assert "read-only" in out.lower()
    assert file.read_text() == "{}"
    assert names(folder) == ["modelwire.json5"]


# Several processes.

COUNT = """
    import sys
    from modelwire.document.edit import set_value
    from modelwire.config.edit import edit_config

    for number in range(20):
        edit_config(lambda text: set_value(text, ["models", f"{sys.argv[2]}{number}"], number), sys.argv[1])
"""


def test_two_processes_that_write_at_once_lose_nothing(file):
    file.write_text("{ /* mine */ }")
    link = file.with_name("link.json5")
    link.symlink_to(file)
    command = [sys.executable, "-c", textwrap.dedent(COUNT)]
    running = [
        subprocess.Popen([*command, str(path), name]) for path, name in ((file, "a"), (link, "b"))
    ]
    assert [process.wait(60) for process in running] == [0, 0]
    expected = {f"{name}{number}": number for name in "ab" for number in range(20)}
    assert json5.loads(file.read_text()) == {"models": expected}
    assert "/* mine */" in file.read_text()


def test_who_waits_too_long_is_reported(file, monkeypatch):
    monkeypatch.setattr("modelwire.files.replace._PATIENCE", 0.05)
    with locked(file), pytest.raises(ConfigError, match="Another process") as raised:
        edit_config(setting("models.mode", "merge"), file)
    assert "Nothing was written" in raised.value.hint
    assert not file.exists()


def test_what_a_killed_process_left_is_cleared_away(file):
    file.with_name(".modelwire.json5.tmp").write_text("half")
    edit_config(setting("models.mode", "merge"), file)
    assert names(file.parent) == [".modelwire.json5.lock", "modelwire.json5"]


def test_an_edit_by_another_program_is_not_lost(file):
    file.write_text("{}")
    calls = []

    def edit(text):
        calls.append(text)
        # The second time it is under the lock, of which editors know nothing.
        file.write_text(["{ }", "{ theirs: 1 }"][len(calls) - 1])
        return set_value(text, "ours", 2)

    with pytest.raises(ConfigError, match="changed by another program"):
        edit_config(edit, file)
    assert file.read_text() == "{ theirs: 1 }"
    assert calls == ["{}", "{ }"]


def test_an_edit_of_a_file_without_other_writers_is_made_once(file):
    file.write_text("{}")
    calls = []

    def edit(text):
        calls.append(text)
        return set_value(text, "models.mode", "merge")

    assert edit_config(edit, file).changed
    assert calls == ["{}"]


# Backups.

SECTIONS = {
    "models": {"providers": {"acme": {"baseUrl": "http://a", "models": [{"id": "m"}]}}},
    "agents": {"defaults": {"model": "acme/m", "params": {}}},
}


@pytest.mark.parametrize(
    ("edit", "kept"),
    [
        (setting("agents.defaults.model", "acme/n"), False),
        (setting("agents.defaults.timeoutSeconds", 5), False),
        (setting("agents.defaults.model", {"primary": "acme/m"}), True),
        (partial(unset_value, path="agents.defaults.model"), False),
        (partial(unset_value, path="agents.defaults.params"), False),
        (partial(unset_value, path="models.providers.acme"), True),
        (partial(unset_value, path="models.providers.acme.models[0]"), True),
    ],
)
def test_the_old_file_is_kept_when_its_shape_changes(file, edit, kept):
    text = json.dumps(SECTIONS, indent=2)
    file.write_text(text)
    written = edit_config(edit, file)
    assert written.changed
    assert (written.backup is not None) == kept
    if written.backup:
        assert written.backup.read_text() == text
        assert stat.S_IMODE(written.backup.stat().st_mode) == 0o600


def test_the_old_file_is_kept_when_most_of_it_changes(file):
    file.write_text(json.dumps({"x": dict.fromkeys("abcdefghij", 1)}))
    few = edit_config(setting("x", {**dict.fromkeys("abcdefghij", 1), "a": 2}), file)
    most = edit_config(setting("x", dict.fromkeys("abcdefghij", 3)), file)
    assert (few.backup, most.backup) == (None, file.with_name("modelwire.json5.bak"))


def test_five_backups_are_kept_newest_first(file):
    for number in range(8):
        value = {"n": number} if number % 2 else number
        edit_config(setting("x", value), file)
    kept = [path for path in names(file.parent) if ".bak" in path]
    assert kept == ["modelwire.json5.bak", *(f"modelwire.json5.bak.{n}" for n in range(1, 5))]
    assert json5.loads(file.with_name(kept[0]).read_text()) == {"x": 6}
    assert json5.loads(file.with_name(kept[4]).read_text()) == {"x": 2}
