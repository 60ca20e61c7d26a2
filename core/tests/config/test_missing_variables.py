"""Variables that are not set: which of them matter, and where."""

import pytest

from modelwire.config import Config
from modelwire.document import format_path
from modelwire.errors import ConfigError, VariableNotSet


def config(document, **environ):
    return Config.from_document(document, environ=environ)


def problems(document, **environ):
    with pytest.raises(ConfigError) as caught:
        config(document, **environ)
    return [str(problem) for problem in caught.value.problems]


FOREIGN = {
    "channels": {"telegram": {"botToken": "${TELEGRAM_BOT_TOKEN}"}},
    "gateway": {"auth": {"token": "${GATEWAY_TOKEN}"}},
    "skills": {"entries": {"x": {"apiKey": "${SKILL_KEY}"}}},
    "agents": {
        "defaults": {
            "sandbox": {"docker": {"env": {"A": "${SANDBOX}"}}},
            "model": "acme/m",
        },
        "list": [{"id": "one", "identity": "${IDENTITY}", "model": "${AGENT_MODEL}"}],
    },
    "models": {
        "providers": {
            "acme": {"apiKey": "${ACME_KEY}"},
            "spare": {"apiKey": "${SPARE_KEY}", "baseUrl": "https://${HOST}/v1"},
        }
    },
}


def test_keys_that_are_not_read_keep_their_placeholders():
    names = ("TELEGRAM_BOT_TOKEN", "GATEWAY_TOKEN", "SKILL_KEY", "SANDBOX", "IDENTITY")
    read = config(FOREIGN, ACME_KEY="k", **dict.fromkeys(names, "secret"))
    assert "secret" not in str(read.document)
    assert read.document["channels"] == FOREIGN["channels"]


def test_a_missing_variable_is_an_error_only_where_it_is_needed():
    read = config(FOREIGN, ACME_KEY="k")
    assert [(item.name, format_path(item.path)) for item in read.missing] == [
        ("AGENT_MODEL", "agents.list[0].model"),
        ("SPARE_KEY", "models.providers.spare.apiKey"),
        ("HOST", "models.providers.spare.baseUrl"),
    ]
    read.require_provider("acme")
    read.require_plugins("acme")
    read.require_variables(("agents", "defaults"))
    with pytest.raises(ConfigError) as caught:
        read.require_provider("Spare", "other")
    assert [problem.path for problem in caught.value.problems] == [
        "models.providers.spare.apiKey",
        "models.providers.spare.baseUrl",
    ]
    assert read.provider("spare").api_key == "${SPARE_KEY}"


NEEDS = {"models": {"providers": {"acme": {"apiKey": "${A}"}, "other": {"apiKey": "${B}"}}}}
NOPE = 'Missing env var "NOPE" referenced at config path: env.'
ENV_BLOCKS = {
    "beside vars": ({"A": "${NOPE}"}, {}, [f"env.A: {NOPE}A"]),
    "in vars": ({"vars": {"A": "x ${NOPE}"}}, {}, [f"env.vars.A: {NOPE}vars.A"]),
    "over one that is set": ({"vars": {"A": "x"}, "A": "${NOPE}"}, {}, [f"env.A: {NOPE}A"]),
    "under one that is set": ({"vars": {"A": "${NOPE}"}, "A": "x"}, {}, []),
    "set by the process": ({"A": "${NOPE}"}, {"A": "x"}, []),
    "used by nothing": ({"UNUSED": "${NOPE}", "A": "x"}, {}, []),
    "where it is not read": ({"shellEnv": {"A": "${NOPE}"}, "A": "x"}, {}, []),
}


@pytest.mark.parametrize("name", ENV_BLOCKS)
def test_a_missing_variable_of_the_env_block_is_an_error_only_where_it_is_needed(name):
    block, environ, expected = ENV_BLOCKS[name]
    read = config({"env": block, **NEEDS}, B="b", **environ)
    assert "NOPE" not in str(read.environ)
    read.require_provider("other")
    if not expected:
        read.require_provider("acme")
        assert read.provider("acme").resolve_api_key(read.environ) == "x"
        return
    with pytest.raises(VariableNotSet) as caught:
        read.require_provider("acme")
    place = "models.providers.acme.apiKey"
    needed = f'{place}: Missing env var "A" referenced at config path: {place}'
    assert [str(problem) for problem in caught.value.problems] == [needed, *expected]


def test_what_an_unused_variable_of_the_env_block_lacks_is_listed():
    read = config({"env": {"UNUSED": "${NOPE}"}})
    assert [format_path(item.path) for item in read.missing] == ["env.UNUSED"]


def test_the_settings_of_agents_are_read_and_what_others_add_to_them_is_not():
    agent = {"id": "a", "model": "${M}", "params": {"user": "${U}"}, "identity": {"n": "${I}"}}
    read = config({"agents": {"list": [agent]}}, M="m", U="u", I="i")
    assert read.document["agents"]["list"][0] == {
        "id": "a", "model": "m", "params": {"user": "u"}, "identity": {"n": "${I}"},
    }  # fmt: skip


def test_a_missing_variable_in_place_of_a_number_is_a_problem():
    document = {"models": {"providers": {"acme": {"timeoutSeconds": "${T}"}}}}
    path = "models.providers.acme.timeoutSeconds"
    assert problems(document) == [f'{path}: Missing env var "T" referenced at config path: {path}']
