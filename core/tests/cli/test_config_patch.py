"""`modelwire config patch`: the installed program."""

import json

import json5
import pytest

TEXT = """\
{
  // kept
  models: { mode: "merge", providers: { actor: { models: ["a", "b"], region: "x" } } },
  agents: { defaults: { model: "actor/a" } }, // too
}
"""


@pytest.fixture
def configured(program):
    program.configure(TEXT)
    return program


def patch(program, text, *arguments, status=0):
    done = program.run("config", "patch", "--stdin", *arguments, stdin=text.encode())
    assert done.returncode == status, done.stdout + done.stderr
    return done


def text_of(program):
    return (program.folder / "modelwire.json5").read_text()


def test_objects_merge_lists_replace_and_null_removes(configured):
    done = patch(
        configured,
        "{ models: { mode: null, /* note */ providers: { actor: { models: ['c'] } } }, env: { A: '1' } }",
    )
    assert b"Patched models.mode, models.providers.actor.models, env.A in /" in done.stdout
    assert json5.loads(text_of(configured)) == {
        "models": {"providers": {"actor": {"models": ["c"], "region": "x"}}},
        "agents": {"defaults": {"model": "actor/a"}},
        "env": {"A": "1"},
    }
    assert "// kept" in text_of(configured)
    assert "}, // too" in text_of(configured)


def test_a_patch_may_come_from_a_file_and_create_one(program):
    (program.folder / "p.json5").write_text("\ufeff{models: {mode: 'replace'},}")
    done = program.run("config", "patch", "--file", "p.json5", "--config", "new.json5", "--json")
    told = json.loads(done.stdout)
    assert (told["created"], told["paths"], told["inputModes"]) == (
        True,
        ["models.mode"],
        ["patch"],
    )
    assert json5.loads((program.folder / "new.json5").read_text()) == {
        "models": {"mode": "replace"}
    }


def test_a_patch_may_be_an_argument(program):
    done = program.run("config", "patch", '{models: {mode: "replace"}}')
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"Patched models.mode" in done.stdout
    done = program.run("config", "patch", "[1]")
    assert (done.returncode, done.stdout) == (1, b"")
    assert b"The patch in DOCUMENT is not an object." in done.stderr


@pytest.mark.parametrize("arguments", [[], ["{}", "--stdin"], ["--stdin", "--file", "x"]])
def test_a_patch_has_one_source(program, arguments):
    done = program.run("config", "patch", *arguments, stdin=b"{}")
    assert done.returncode == 2
    assert b"Give one of DOCUMENT, --file and --stdin." in done.stderr


def test_a_patch_that_says_nothing_new_touches_nothing(configured):
    before = (configured.folder / "modelwire.json5").stat().st_mtime_ns
    assert b"No change" in patch(configured, "{models: {mode: 'merge', none: null}}").stdout
    assert (configured.folder / "modelwire.json5").stat().st_mtime_ns == before


def test_an_object_is_replaced_where_it_is_asked_for(configured):
    patch(
        configured,
        "{models: {providers: {actor: {models: ['a']}}}}",
        "--replace-path",
        "models.providers.actor",
    )
    actor = json5.loads(text_of(configured))["models"]["providers"]["actor"]
    assert actor == {"models": ["a"]}


def test_dropping_a_section_keeps_the_old_file(configured):
    done = patch(configured, "{models: null}")
    assert b"the old file is saved as" in done.stderr
    assert (configured.folder / "modelwire.json5.bak").read_text() == TEXT


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{models: oops}", "standard input:1: column 10"),
        ("[]", "The patch in standard input is not an object."),
        ("", "The patch in standard input is not an object."),
        ("{a: Infinity}", "must be a finite number"),
        ("{models: {__proto__: {}}}", "Invalid path segment: __proto__"),
        ("{models: {mode: 'x'}}", 'expected one of "merge", "replace"'),
        ("{agents: {defaults: {model: 'nobody/x'}}}", "Cannot set model reference"),
        (" " * (1024 * 1024 + 1), "larger than 1 MiB"),
    ],
)
def test_a_patch_that_cannot_be_used_changes_nothing(configured, text, message):
    assert message in patch(configured, text, status=1).stderr.decode()
    told = json.loads(patch(configured, text, "--json", status=1).stdout)
    assert told["ok"] is False
    assert text_of(configured) == TEXT


def test_a_patch_can_be_tried(configured):
    secret = "{models: {providers: {actor: {apiKey: 'sk-1', region: 'y'}}}}"
    done = patch(configured, secret, "--dry-run")
    assert b"@@" in done.stdout
    assert b'apiKey: "<hidden>"' in done.stdout
    assert b"sk-1" not in done.stdout + done.stderr
    assert text_of(configured) == TEXT


def test_one_source_has_to_be_given(configured):
    for arguments in [], ["--stdin", "--file", "p.json5"]:
        assert configured.run("config", "patch", *arguments).returncode == 2
