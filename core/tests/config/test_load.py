import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from modelwire.config import Config, find_config, load_config
from modelwire.errors import ConfigError


@pytest.fixture
def personal(tmp_path, monkeypatch):
    """The user's own configuration folder, on every system that platformdirs knows."""
    home = tmp_path / "home"
    for name in ("HOME", "USERPROFILE", "XDG_CONFIG_HOME", "LOCALAPPDATA"):
        monkeypatch.setenv(name, str(home))
    from platformdirs import user_config_path

    folder = user_config_path("modelwire")
    folder.mkdir(parents=True)
    return folder / "modelwire.json5"


@pytest.fixture
def cwd(tmp_path):
    folder = tmp_path / "work"
    folder.mkdir()
    return folder


def failure(path, text, **environ):
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(ConfigError) as caught:
        load_config(path, environ=environ)
    assert caught.value.source == str(path)
    return caught.value


def problems(path, text, **environ):
    return [(p.line, str(p)) for p in failure(path, text, **environ).problems]


def test_the_file_is_looked_for_in_four_places_in_this_order(tmp_path, cwd, personal):
    explicit, named = tmp_path / "explicit.json5", tmp_path / "named.json5"
    local = cwd / "modelwire.json5"
    environ = {"MODELWIRE_CONFIG": str(named)}
    assert find_config(None, {}, cwd) is None
    for path in (personal, local, named, explicit):
        path.write_text("{}")
    assert find_config(explicit, environ, cwd) == explicit
    assert find_config(None, environ, cwd) == named
    assert find_config(None, {"MODELWIRE_CONFIG": " "}, cwd) == local
    local.unlink()
    assert find_config(None, {}, cwd) == personal


def test_relative_paths_start_in_the_working_directory(cwd):
    (cwd / "mine.json5").write_text("{}")
    assert find_config("mine.json5", {}, cwd) == cwd / "mine.json5"
    assert find_config(None, {"MODELWIRE_CONFIG": "mine.json5"}, cwd) == cwd / "mine.json5"


def test_a_file_that_was_asked_for_must_exist(tmp_path, cwd):
    missing = tmp_path / "missing.json5"
    with pytest.raises(ConfigError) as caught:
        find_config(missing, {}, cwd)
    assert str(caught.value) == f"Config file not found: {missing}"
    assert caught.value.hint
    with pytest.raises(ConfigError) as caught:
        load_config(environ={"MODELWIRE_CONFIG": str(missing)}, cwd=cwd)
    assert str(caught.value) == f"Config file not found: {missing}"
    assert "MODELWIRE_CONFIG" in caught.value.hint


@pytest.mark.usefixtures("personal")
def test_without_any_file_the_configuration_is_empty(cwd):
    assert load_config(environ={"A": "1"}, cwd=cwd) == Config.empty({"A": "1"})


def test_json5_is_read_with_its_substitutions(tmp_path):
    path = tmp_path / "c.json5"
    path.write_text("{ models: { providers: { acme: { apiKey: '${KEY}', }, }, }, } // end")
    config = load_config(path, environ={"KEY": "sk"})
    assert config.path == path
    assert config.provider("acme").api_key == "sk"
    assert config.authored["models"]["providers"]["acme"]["apiKey"] == "${KEY}"


@pytest.mark.parametrize("prefix", [b"", b"\xef\xbb\xbf"])
def test_strict_json_is_read_with_or_without_a_byte_order_mark(tmp_path, prefix):
    path = tmp_path / "c.json"
    path.write_bytes(prefix + json.dumps({"ü": "😀"}).encode())
    assert load_config(path, environ={}).document == {"ü": "😀"}


def test_an_escaped_pair_of_surrogates_is_one_character(tmp_path):
    path = tmp_path / "c.json5"
    path.write_text(r"{a: '\ud83d\ude00'}")
    assert load_config(path, environ={}).document == {"a": "😀"}


def test_all_problems_are_listed_with_file_and_line(tmp_path):
    path = tmp_path / "c.json5"
    error = failure(
        path,
        """{
  models: {
    mode: 'both',
    providers: {
      acme: {
        apiKey: 5,
        // a comment
        models: [
          { name: 'no id' },
        ],
      },
      other: { apiKey: '${NOPE}' },
    },
  },
}
""",
    )
    assert str(error) == (
        "The configuration is not valid.\n"
        f'  {path}:3: models.mode: expected one of "merge", "replace"; found "both"\n'
        f"  {path}:6: models.providers.acme.apiKey: "
        "expected a string or {source, id}; found <hidden>\n"
        f'  {path}:9: models.providers.acme.models[0].id: missing the key "id"\n'
        f"  {path}:12: models.providers.other.apiKey: "
        'Missing env var "NOPE" referenced at config path: models.providers.other.apiKey'
    )


def test_keys_that_come_twice_are_a_problem_in_json_and_in_json5(tmp_path):
    expected = [(4, "a.b: this key is given twice, on lines 2 and 4; keep one of them")]
    assert problems(tmp_path / "c.json", '{"a": {\n"b": 1,\n"c": 1,\n"b": 2}}') == expected
    assert problems(tmp_path / "c.json5", "{a: {\nb: 1,\nc: 1,\n'b': 2}}") == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{\n a: 1\n b: 2}", (3, 'column 2: expected "," or "}" after a value, found "b"')),
        (
            "{\n apiKey: sk-123}",
            (2, 'column 10: expected a value, found "s"; put text in quotes'),
        ),
        ("", (None, "the file is empty; the shortest configuration is {}")),
        ("// later\n", (None, "the file is empty; the shortest configuration is {}")),
        (
            '{"a": ' + "1" * 5000 + "}",
            (1, "column 7: this number has too many digits"),
        ),
    ],
)
def test_text_that_is_not_json5_is_refused_with_line_and_column(tmp_path, text, expected):
    error = failure(tmp_path / "c.json5", text)
    assert error.message == "The configuration is not valid JSON5."
    assert [(p.line, p.message) for p in error.problems] == [expected]
    assert error.__cause__ is not None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[]", (1, "expected an object at the top level, found a list")),
        ("\n'x'", (2, 'expected an object at the top level, found "x"')),
        ("{a: [1,\n Infinity]}", (2, "a[1]: must be a finite number, found Infinity")),
        ('{"a": NaN}', (1, "a: must be a finite number, found NaN")),
        ('{"a": 1e999}', (1, "a: must be a finite number, found Infinity")),
    ],
)
def test_what_no_configuration_can_hold_is_refused(tmp_path, text, expected):
    assert problems(tmp_path / "c.json5", text) == [expected]


def test_a_file_that_is_not_utf8_is_refused_with_its_line(tmp_path):
    assert problems(tmp_path / "c.json5", b"{\n a: '\xff'}") == [
        (2, "the byte 0xff is not UTF-8 text")
    ]


def test_a_folder_is_not_a_file(tmp_path):
    with pytest.raises(ConfigError, match="this is a folder, not a file"):
        load_config(tmp_path, environ={})


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read all")
def test_a_file_that_may_not_be_read_is_named(tmp_path):
    path = tmp_path / "c.json5"
    path.write_text("{}")
    path.chmod(0)
    with pytest.raises(ConfigError, match="Permission denied"):
        load_config(path, environ={})


@pytest.mark.parametrize("depth", [150, 199])
@pytest.mark.parametrize("form", ['{{"a": {}}}', "{{a: {}}}"])
def test_nesting_is_fine_up_to_a_limit(tmp_path, depth, form):
    path = tmp_path / "c.json5"
    path.write_text(form.format("[" * depth + "]" * depth))
    assert load_config(path, environ={}).document["a"] is not None


@pytest.mark.parametrize("depth", [201, 1000, 100_000])
@pytest.mark.parametrize("form", ['{{"a": {}}}', "{{a: {}}}"])
def test_deeper_nesting_is_refused(tmp_path, depth, form):
    path = tmp_path / "c.json5"
    path.write_text(form.format("[" * depth + "]" * depth))
    with pytest.raises(ConfigError, match="nested more than 200 levels deep"):
        load_config(path, environ={})


def test_importing_the_room_is_cheap():
    heavy = ("json5", "platformdirs", "asyncio", "aiohttp")
    code = f"import sys, modelwire.config; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_strict_json_is_loaded_without_json5(tmp_path):
    path = tmp_path / "c.json"
    path.write_text("{}")
    code = (
        "import sys; from modelwire.config import load_config;"
        f"load_config({str(path)!r}); print('json5' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_an_openclaw_file_loads_as_it_is(tmp_path):
    path = tmp_path / "openclaw.json"
    path.write_text(OPENCLAW)
    config = load_config(path, environ={"TELEGRAM_TOKEN": "t"})
    assert (
        config.agents.defaults.model.primary == "amazon-bedrock/us.anthropic.claude-opus-4-6-v1:0"
    )
    assert config.aliases() == {"opus": "amazon-bedrock/us.anthropic.claude-opus-4-6-v1:0"}
    assert config.provider("amazon-bedrock").auth == "aws-sdk"
    assert config.models.extra["bedrockDiscovery"]["region"] == "us-east-1"
    assert config.plugins.entries["amazon-bedrock"].config["discovery"] == {"enabled": True}
    assert config.document["channels"]["telegram"]["botToken"] == "${TELEGRAM_TOKEN}"
    assert isinstance(config.path, Path)


OPENCLAW = """{
  // gateway and channels are none of our business
  gateway: { port: 18789, mode: "local" },
  channels: { telegram: { enabled: true, botToken: "${TELEGRAM_TOKEN}" } },
  env: { shellEnv: { enabled: true, timeoutMs: 15000 }, vars: { AWS_REGION: "us-east-1" } },
  models: {
    mode: "merge",
    bedrockDiscovery: { enabled: true, region: "us-east-1", providerFilter: ["anthropic"] },
    providers: {
      "amazon-bedrock": {
        baseUrl: "https://bedrock-runtime.us-east-1.amazonaws.com",
        api: "bedrock-converse-stream",
        auth: "aws-sdk",
        models: [
          {
            id: "us.anthropic.claude-opus-4-6-v1:0",
            name: "Claude Opus 4.6 (Bedrock)",
            reasoning: true,
            input: ["text", "image"],
            cost: { input: 0, output: 0, cacheRead: 0, cacheWrite: 0 },
            contextWindow: 200000,
            maxTokens: 8192,
          },
        ],
      },
    },
  },
  agents: {
    defaults: {
      model: { primary: "amazon-bedrock/us.anthropic.claude-opus-4-6-v1:0" },
      models: { "amazon-bedrock/us.anthropic.claude-opus-4-6-v1:0": { alias: "opus" } },
      workspace: "~/workspace",
      subagents: { maxConcurrent: 8 },
    },
  },
  plugins: { entries: { "amazon-bedrock": { config: { discovery: { enabled: true } } } } },
}
"""


def test_the_home_of_an_unknown_user_is_a_file_that_does_not_exist(tmp_path):
    for arguments in (("~no-such-user/x", {}), (None, {"MODELWIRE_CONFIG": "~no-such-user/x"})):
        with pytest.raises(ConfigError, match=r"not found: .*~no-such-user"):
            load_config(arguments[0], environ=arguments[1], cwd=tmp_path)


def test_a_working_directory_that_was_deleted_holds_no_configuration(tmp_path, monkeypatch):
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    (tmp_path / "c.json5").write_text("{models: {mode: 'replace'}}")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "none"))
    assert load_config(environ={}).path is None
    assert load_config(tmp_path / "c.json5", environ={}).models.mode == "replace"
