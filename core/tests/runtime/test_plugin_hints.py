"""Hints about a broken plugin: for its users, or for its author, who installed it from its sources."""

import json
import textwrap

import pytest

from modelwire._plugin_hints import FOR_USERS
from modelwire.errors import PluginError

OPTS = """
    from modelwire.hookspecs import hookimpl


    @hookimpl
    async def stream_completion(model, context, opts):
        yield None
"""
FAILS = """
    from modelwire.events import Stop, TextDelta
    from modelwire.hookspecs import hookimpl
    from modelwire.messages import StopReason


    @hookimpl
    async def stream_completion(model):
        if model.id == "raises":
            json_of({})
        yield TextDelta(0, "text") if model.id == "raises" else "text"
        yield Stop(StopReason.STOP)


    def json_of(answer):
        return answer["json"]
"""


@pytest.fixture
def mine(site, tmp_path):
    """Installs a plugin the way `pip install --editable` does; returns its source file."""

    def install(source, name="mine"):
        sources = tmp_path / "sources of mine"
        sources.mkdir()
        file = sources / f"{name}_sources.py"
        file.write_text(textwrap.dedent(source))
        # A module of the same name would be imported from the site; there is only this line of it.
        site.install(f"modelwire-{name}", {"providers": {name: file.stem}}, "")
        site.modules.append(file.stem)
        (site.path / f"modelwire_{name}_plugin.py").unlink()
        origin = {"url": sources.as_uri(), "dir_info": {"editable": True}}
        info = site.path / f"modelwire_{name}-1.0.dist-info"
        (info / "direct_url.json").write_text(json.dumps(origin))
        return file

    return install


@pytest.fixture
def on_path(monkeypatch, tmp_path):
    monkeypatch.syspath_prepend(tmp_path / "sources of mine")


def line_of(file, text):
    return 1 + file.read_text().splitlines().index(text)


def test_an_argument_that_the_hook_does_not_have_is_named_with_those_it_has(site):
    site.provider("bad", OPTS)
    with pytest.raises(PluginError) as caught:
        site.registry().owner("bad")
    assert str(caught.value) == (
        "modelwire-bad does not follow the plugin contract: stream_completion has an argument 'opts', "
        "which the hook does not have; it takes model, context, options, provider, config, transport, "
        "apis."
    )
    assert caught.value.hint == "Update modelwire-bad, or tell its author."


def test_arguments_with_a_default_and_collected_ones_are_accepted(site):
    source = "async def stream_completion(model, mine=1, *rest, only=2, **more):\n    yield None"
    site.provider("good", f"from modelwire.hookspecs import hookimpl\n@hookimpl\n{source}")
    assert site.registry().owner("good").implements("stream_completion")


def test_an_author_gets_the_line_of_the_hook(site, mine, on_path):
    file = mine(OPTS)
    with pytest.raises(PluginError, match="argument 'opts'") as caught:
        site.registry().owner("mine")
    line = line_of(file, "@hookimpl")
    assert (
        caught.value.hint
        == f"Fix it at {file}:{line}: modelwire-mine is installed in editable mode."
    )


@pytest.mark.parametrize(
    ("source", "line"), [("x = 1\nimport no_such_module", 2), ("x = 1\ndef broken(:", 2)]
)
def test_an_author_gets_the_line_that_cannot_be_imported(site, mine, on_path, source, line):
    file = mine(source)
    with pytest.raises(PluginError, match="cannot be loaded") as caught:
        site.registry().owner("mine")
    assert caught.value.hint.startswith(f"Fix it at {file}:{line}: ")


def test_an_author_gets_the_folder_where_no_line_is_known(site, mine, on_path):
    file = mine("x = 1")
    with pytest.raises(PluginError, match="implements no hook") as caught:
        site.registry().owner("mine")
    assert caught.value.hint == (
        f"Fix it in {file.parent}: modelwire-mine is installed from there in editable mode."
    )


async def test_an_author_gets_the_line_that_raised_in_a_call(mine, on_path, make_runtime):
    file = mine(FAILS)
    with pytest.raises(PluginError, match="KeyError at") as caught:
        await make_runtime().complete("hi", model="mine/raises")
    line = line_of(file, '    return answer["json"]')
    assert caught.value.hint.startswith(f"Fix it at {file}:{line}: ")


async def test_an_author_gets_the_folder_for_a_wrong_delta(mine, on_path, make_runtime):
    file = mine(FAILS)
    with pytest.raises(PluginError, match="str is not a delta") as caught:
        await make_runtime().complete("hi", model="mine/yields")
    assert caught.value.hint.startswith(f"Fix it in {file.parent}: ")


@pytest.mark.parametrize(
    "origin",
    [
        {"url": "file:///x", "dir_info": {}},
        {"url": "https://x", "archive_info": {}},
        [],
        {"dir_info": {"editable": True}},
    ],
)
async def test_users_are_sent_to_the_author(site, make_runtime, origin):
    site.provider("theirs", FAILS)
    info = site.path / "modelwire_theirs-1.0.dist-info"
    (info / "direct_url.json").write_text(json.dumps(origin))
    with pytest.raises(PluginError, match="KeyError at") as caught:
        await make_runtime().complete("hi", model="theirs/raises")
    assert caught.value.hint == FOR_USERS
