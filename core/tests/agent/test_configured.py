"""Agents of the configuration."""

import json

import pytest

from modelwire import Agent
from modelwire.config import Config
from modelwire.errors import ConfigError, InvalidRequest

DOCUMENT = {
    "agents": {
        "defaults": {
            "model": {"primary": "dictated/first", "fallbacks": ["dictated/second"]},
            "params": {"temperature": 0.1},
        },
        "list": [
            {"id": "plain", "name": "Plain Jane"},
            {
                "id": "writer",
                "default": True,
                "model": {"primary": "broken/x", "fallbacks": ["dictated/third"]},
                "thinkingDefault": "high",
                "params": {"temperature": 0.9, "maxTokens": 50, "seed": 7},
            },
            {"id": "strict", "model": "broken/x"},
            {"id": "odd", "thinkingDefault": "very"},
        ],
        "entries": {"reader": {"model": "dictated/fourth"}},
    }
}


@pytest.fixture
def make_agent(make_runtime, dictated):
    runtime = make_runtime(DOCUMENT)
    return lambda *names, **settings: Agent.from_config(*names, runtime=runtime, **settings)


@pytest.mark.parametrize(
    ("name", "model"),
    [
        ("plain", "first"),
        ("PLAIN", "first"),
        ("Plain Jane", "first"),
        ("writer", "third"),
        (None, "third"),
        ("reader", "fourth"),
    ],
)
async def test_an_agent_is_found_by_its_id_or_name(make_agent, name, model):
    result = await make_agent(name).run("text")
    assert (result.output, result.messages[-1].model) == ("text", model)


async def test_the_settings_of_an_agent_are_those_of_its_runs(make_agent, dictated):
    await make_agent("writer").run("text")
    await make_agent("plain").run("text")
    await make_agent("writer", temperature=0.5).run("text", max_tokens=9)
    told = [
        (options.temperature, options.max_tokens, options.reasoning, options.params)
        for _, options in dictated
    ]
    assert told == [
        (0.9, 50, "high", {"seed": 7}),
        (0.1, None, None, {}),
        (0.5, 9, "high", {"seed": 7}),
    ]


async def test_an_agent_with_a_model_of_its_own_has_only_its_own_fallbacks(make_agent, dictated):
    with pytest.raises(Exception, match="broken"):
        await make_agent("strict").run("text")
    assert dictated == []


async def test_what_code_gives_is_added(make_agent, dictated):
    result = await make_agent("plain", system="Be brief.", output=int).run('{"result": 5}')
    assert result.output == 5
    assert dictated[0][0].system_prompt == "Be brief."


def test_an_unknown_agent_is_named_with_the_nearest_one(make_agent):
    with pytest.raises(ConfigError, match="'writr'") as caught:
        make_agent("writr")
    assert "'writer'" in caught.value.hint
    with pytest.raises(ConfigError) as caught:
        make_agent("zzz")
    assert "odd, plain, reader, strict, writer" in caught.value.hint


def test_a_wrong_setting_is_named_by_its_path(make_agent):
    with pytest.raises(ConfigError, match=r"agents\.list\[3\]\.thinkingDefault"):
        make_agent("odd")


async def test_without_an_entry_the_defaults_hold(make_runtime, dictated):
    defaults = {"agents": {"defaults": DOCUMENT["agents"]["defaults"]}}
    runtime = make_runtime(defaults)
    assert (await Agent.from_config(runtime=runtime).run("text")).messages[-1].model == "first"


async def test_the_configuration_may_be_a_file_or_data(dictated, tmp_path):
    path = tmp_path / "modelwire.json5"
    path.write_text(json.dumps(DOCUMENT))
    for config in (path, str(path), DOCUMENT):
        async with Agent.from_config("plain", config=config) as agent:
            assert (await agent.run("text")).output == "text"


async def test_variables_are_replaced_and_a_missing_one_concerns_its_agent_only(dictated, tmp_path):
    agents = [
        {"id": "set", "model": "${AGENT_MODEL}", "params": {"note": "${AGENT_NOTE}"}},
        {"id": "unset", "params": {"note": "${AGENT_NOWHERE}"}, "workspace": "${AGENT_NOWHERE}"},
        {"id": "foreign", "model": "dictated/m", "workspace": "${AGENT_NOWHERE}"},
    ]
    environ = {"AGENT_MODEL": "dictated/m", "AGENT_NOTE": "x"}
    config = Config.from_document({"agents": {"list": agents}}, environ=environ)
    for name in ("set", "foreign"):
        async with Agent.from_config(name, config=config) as agent:
            assert (await agent.run("text")).output == "text"
    assert dictated[0][1].params == {"note": "x"}
    with pytest.raises(ConfigError, match=r"agents\.list\[1\]\.params\.note.*AGENT_NOWHERE"):
        Agent.from_config("unset", config=config)


def test_a_configuration_beside_a_runtime_is_refused(make_agent):
    with pytest.raises(InvalidRequest, match="config"):
        make_agent("plain", config={})
