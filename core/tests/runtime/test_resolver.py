"""A reference names exactly one model, or is an error that helps."""

import sys
import textwrap
import threading

import pytest

from modelwire.errors import ConfigError, PluginError, UnknownModel, VariableNotSet
from modelwire.models import ModelRef

CONFIG = {
    "models": {
        "providers": {
            "echo": {"models": [{"id": "Twin"}, {"id": "solo", "contextWindow": 5}]},
            "other": {"models": [{"id": "twin"}, {"id": "Twin"}, {"id": "only-here"}]},
        }
    },
    "agents": {
        "defaults": {
            "model": {"primary": "Fast", "fallbacks": ["other/only-here"]},
            "models": {"echo/solo": {"alias": "fast"}, "other/x": {"alias": "team/best"}},
        }
    },
}


@pytest.fixture
def runtime(site, make_runtime):
    site.provider("echo")
    site.provider("other")
    return make_runtime(CONFIG)


@pytest.mark.parametrize(
    ("text", "ref"),
    [
        (None, "echo/solo"),
        ("FAST", "echo/solo"),
        (" echo / solo ", "echo/solo"),
        ("ECHO/any:thing/else", "echo/any:thing/else"),
        ("Team/Best", "other/x"),
        ("only-here", "other/only-here"),
        ("ONLY-HERE", "other/only-here"),
        ("twin", "other/twin"),
    ],
)
async def test_a_reference_is_found(runtime, text, ref):
    assert str((await runtime.resolve(text)).ref) == ref


async def test_what_is_configured_about_a_model_is_known(runtime):
    model = await runtime.resolve("echo/solo")
    assert (model.context_window, model.sources) == (5, ("configured",))


async def test_a_discovered_model_is_found_by_its_bare_name(site, make_runtime):
    site.provider("echo")
    runtime = make_runtime(environ={"ECHO_API_KEY": "x"})
    assert (await runtime.resolve("echo-1")).context_window == 1000


async def test_a_bare_name_that_no_provider_has_names_those_that_could_not_be_listed(
    site, make_runtime
):
    site.provider(
        "down",
        """
        from modelwire.errors import AccessDenied
        from modelwire.hookspecs import CredentialStatus, hookimpl

        @hookimpl
        def detect_credentials():
            return CredentialStatus("usable")

        @hookimpl
        async def discover_models():
            raise AccessDenied("Listing is not allowed.")
        """,
    )
    with pytest.raises(UnknownModel) as caught:
        await make_runtime().resolve("wanted")
    told = "The models of down could not be listed: Listing is not allowed."
    assert told in str(caught.value)


async def test_a_bare_name_that_several_have_lists_them(runtime):
    with pytest.raises(UnknownModel) as caught:
        await runtime.resolve("Twin")
    assert caught.value.candidates == ("echo/Twin", "other/Twin")


async def test_a_bare_name_that_no_provider_has_lists_near_ones_and_picks_none(runtime):
    with pytest.raises(UnknownModel) as caught:
        await runtime.resolve("only-her")
    assert "other/only-here" in caught.value.candidates


async def test_a_typo_in_the_provider_never_reaches_another_vendor(runtime):
    with pytest.raises(PluginError) as caught:
        await runtime.resolve("ecko/solo")
    assert "echo" in caught.value.hint


@pytest.mark.parametrize("text", ["", "  ", "/", "echo/", "/solo"])
async def test_half_a_reference_names_nothing(runtime, text):
    with pytest.raises(UnknownModel):
        await runtime.resolve(text)


async def test_a_model_ref_may_be_given(runtime):
    assert (await runtime.resolve(ModelRef("echo", "solo"))).id == "solo"


async def test_without_any_configuration_the_installed_default_is_used(site, make_runtime):
    site.install("t", {"providers": {"tiny": ""}, "defaults": {"tiny/m": ""}})
    assert str((await make_runtime().resolve()).ref) == "tiny/m"


async def test_a_configuration_without_a_primary_is_an_error_and_not_the_default(
    site, make_runtime
):
    site.install("t", {"providers": {"tiny": ""}, "defaults": {"tiny/m": ""}})
    with pytest.raises(ConfigError, match=r"agents\.defaults\.model\.primary"):
        await make_runtime({"models": {}}).resolve()


async def test_nothing_installed_and_nothing_configured_is_an_error(make_runtime):
    with pytest.raises(ConfigError, match="nothing is configured"):
        await make_runtime().resolve()


@pytest.mark.parametrize(
    "models",
    [
        {"nickname": {"alias": "other/only-here"}},
        {"echo/solo": {"alias": "other/only-here"}},
        {"echo/solo": {"alias": "other/else"}, "other/else": {}},
    ],
    ids=["the wrong way round", "another model", "a model with settings"],
)
async def test_an_exact_name_comes_before_an_alias(site, make_runtime, models):
    site.provider("echo")
    site.provider("other")
    runtime = make_runtime({**CONFIG, "agents": {"defaults": {"models": models}}})
    alias = next(iter(models.values()))["alias"]
    assert str((await runtime.resolve(alias)).ref) == alias
    message = await runtime.complete("hi", model=alias)
    assert f"{message.provider}/{message.model}" == alias


async def test_a_setting_under_an_alias_of_the_provider_is_the_same_model(site, make_runtime):
    site.install("big", {"providers": {"big": ""}, "aliases": {"little": "big"}})
    runtime = make_runtime({"agents": {"defaults": {"models": {"little/m": {}, "big/m": {}}}}})
    assert (await runtime.resolve("m")).ref == ModelRef("big", "m")


WHERE = """
    import threading
    from modelwire.hookspecs import CredentialStatus, hookimpl

    imported_in, asked_in, warmed_in = threading.get_ident(), [], []

    @hookimpl
    def detect_credentials():
        asked_in.append(threading.get_ident())
        return CredentialStatus("usable", source="a test")

    @hookimpl
    def warm_up(api):
        import {part}
        warmed_in.append((api, threading.get_ident()))

    @hookimpl
    def stream_completion(model):
        import {part}
        return {part}.answer(model)
"""
PART = """
    import threading
    from modelwire.events import Stop, TextDelta
    from modelwire.messages import StopReason

    imported_in = threading.get_ident()

    async def answer(model):
        yield TextDelta(0, model.id)
        yield Stop(StopReason.STOP)
"""


@pytest.fixture
def in_parts(site):
    """Installs a plugin whose streams are made in a module of its own."""

    def install(name, entries):
        module = site.install(name, entries, WHERE.format(part=f"{name}_part"))
        site.modules.append(f"{name}_part")
        (site.path / f"{name}_part.py").write_text(textwrap.dedent(PART))
        return module

    return install


async def test_a_plugin_is_imported_and_asked_for_credentials_off_the_event_loop(
    in_parts, make_runtime
):
    module = in_parts("slow", {"providers": {"slow": ""}})
    runtime = make_runtime()
    assert (await runtime.complete("hi", model="slow/one")).text == "one"
    assert (await runtime.complete("hi", model="slow/two")).text == "two"
    here = threading.get_ident()
    assert sys.modules[module].imported_in != here
    assert sys.modules[module].asked_in[0] != here
    assert sys.modules["slow_part"].imported_in != here
    assert [api for api, _ in sys.modules[module].warmed_in] == [None]


async def test_the_plugin_of_a_models_own_api_is_imported_off_the_event_loop(
    site, in_parts, make_runtime
):
    site.provider("echo")
    module = in_parts("other", {"apis": {"other-chat": ""}})
    models = [{"id": "one", "api": "other-chat"}, {"id": "two"}]
    runtime = make_runtime({"models": {"providers": {"echo": {"models": models}}}})
    assert (await runtime.resolve("echo/one")).api == "other-chat"
    here = threading.get_ident()
    assert sys.modules[module].imported_in != here
    assert (await runtime.complete("hi", model="echo/one")).text == "one"
    assert sys.modules["other_part"].imported_in != here
    assert [api for api, _ in sys.modules[module].warmed_in] == ["other-chat"]
    assert (await runtime.complete("hi", model="echo/two")).text == "two heard: hi"


async def test_naming_a_model_warms_nothing_up(in_parts, make_runtime):
    in_parts("slow", {"providers": {"slow": ""}})
    await make_runtime().resolve("slow/one")
    assert "slow_part" not in sys.modules


async def test_a_plugin_whose_parts_cannot_be_imported_fails_each_stream_and_no_other(
    site, in_parts, make_runtime
):
    site.provider("echo")
    module = in_parts("broken", {"providers": {"broken": ""}})
    (site.path / "broken_part.py").write_text(
        "import threading, broken_plugin\n"
        "broken_plugin.warmed_in.append((None, threading.get_ident()))\n"
        "import no_such_engine\n"
    )
    runtime = make_runtime()
    for _ in range(3):
        stream = runtime.stream("hi", model="broken/one")
        with pytest.raises(PluginError) as caught:
            await stream.result()
        assert "broken cannot be loaded for 'broken': ModuleNotFoundError" in str(caught.value)
        assert caught.value.attempts == ()
    ((_, tried_in),) = sys.modules[module].warmed_in
    assert tried_in != threading.get_ident()
    answer = await runtime.complete("hi", model="broken/one", fallbacks=["echo/two"])
    assert answer.text == "two heard: hi"
    assert [(a.model, a.code) for a in answer.attempts] == [("broken/one", "plugin")]


PLACEHOLDERS = {
    "channels": {"telegram": {"botToken": "${TELEGRAM_BOT_TOKEN}"}},
    "models": {"providers": {"spare": {"apiKey": "${SPARE_KEY}", "models": ["s"]}, "echo": {}}},
    "agents": {"defaults": {"model": {"primary": "${PRIMARY}"}}},
    "plugins": {"entries": {"other": {"config": {"x": "${OTHER}"}}}},
}


async def test_a_variable_is_needed_only_by_the_model_that_is_asked(site, make_runtime):
    for name in ("echo", "spare", "other"):
        site.provider(name)
    runtime = make_runtime(PLACEHOLDERS)
    assert (await runtime.complete("hi", model="echo/e")).model == "e"
    for model, missing in [
        ("spare/s", "models.providers.spare.apiKey"),
        ("other/o", "plugins.entries.other.config.x"),
        (None, "agents.defaults.model.primary"),
    ]:
        with pytest.raises(ConfigError) as caught:
            await runtime.complete("hi", model=model)
        assert [problem.path for problem in caught.value.problems] == [missing]


async def test_a_provider_without_its_variable_is_listed_as_unusable(site, make_runtime):
    site.provider("spare")
    runtime = make_runtime(PLACEHOLDERS)
    [listing] = [each for each in await runtime.catalog.listings() if each.provider == "spare"]
    assert [model.id for model in listing.models] == ["s"]


PRIMARIES = {
    "in its provider": "spare/s",
    "in its name": "spare/${MODEL}",
    "in the whole name": "${MODEL}",
}


@pytest.mark.parametrize("name", PRIMARIES)
async def test_a_fallback_follows_a_primary_model_whose_variable_is_missing(
    site, make_runtime, name
):
    for each in ("echo", "spare"):
        site.provider(each)
    choice = {"primary": PRIMARIES[name], "fallbacks": ["${NO_MODEL}", "echo/e"]}
    runtime = make_runtime({**PLACEHOLDERS, "agents": {"defaults": {"model": choice}}})
    message = await runtime.complete("hi")
    assert (message.provider, message.model) == ("echo", "e")
    assert [attempt.code for attempt in message.attempts] == ["variable_not_set"] * 2
    assert "agents.defaults.model.fallbacks[0]" in message.attempts[1].message
    with pytest.raises(VariableNotSet, match=r"agents\.defaults\.model\.primary|spare"):
        await runtime.resolve()


async def test_a_missing_variable_without_a_fallback_is_the_error(site, make_runtime):
    document = {**PLACEHOLDERS, "agents": {"defaults": {"model": "${MODEL}"}}}
    with pytest.raises(VariableNotSet) as caught:
        await make_runtime(document).complete("hi")
    assert [problem.path for problem in caught.value.problems] == ["agents.defaults.model"]


async def test_a_fallback_whose_variable_is_missing_does_not_stop_the_others(site, make_runtime):
    for name in ("echo", "spare"):
        site.provider(name)
    runtime = make_runtime(PLACEHOLDERS)
    message = await runtime.complete("hi", model="echo/e", fallbacks=["spare/s"])
    assert message.model == "e"
