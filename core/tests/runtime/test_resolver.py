"""A reference names exactly one model, or is an error that helps."""

import sys
import threading

import pytest

from modelwire.errors import ConfigError, PluginError, UnknownModel
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


async def test_a_bare_name_that_nobody_has_tells_whose_models_could_not_be_listed(
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


async def test_a_bare_name_that_nobody_has_lists_near_ones_and_picks_none(runtime):
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


async def test_a_setting_under_an_alias_of_the_provider_is_the_same_model(site, make_runtime):
    site.install("big", {"providers": {"big": ""}, "aliases": {"little": "big"}})
    runtime = make_runtime({"agents": {"defaults": {"models": {"little/m": {}, "big/m": {}}}}})
    assert (await runtime.resolve("m")).ref == ModelRef("big", "m")


async def test_a_plugin_is_imported_and_asked_for_credentials_off_the_event_loop(
    site, make_runtime
):
    module = site.provider(
        "slow",
        source="""
            import threading
            from modelwire.hookspecs import CredentialStatus, hookimpl, late_stream

            imported_in, asked_in = threading.get_ident(), []

            @hookimpl
            def detect_credentials():
                asked_in.append(threading.get_ident())
                return CredentialStatus("usable", source="a test")

            @hookimpl
            def stream_completion(model):
                return late_stream("slow_answering", "answer", model)
        """,
    )
    site.modules.append("slow_answering")
    (site.path / "slow_answering.py").write_text(
        "import threading\n"
        "from modelwire.events import Stop, TextDelta\n"
        "from modelwire.messages import StopReason\n"
        "imported_in = threading.get_ident()\n"
        "async def answer(model):\n"
        "    yield TextDelta(0, model.id)\n"
        "    yield Stop(StopReason.STOP)\n"
    )
    runtime = make_runtime()
    assert (await runtime.complete("hi", model="slow/one")).text == "one"
    assert (await runtime.complete("hi", model="slow/two")).text == "two"
    here = threading.get_ident()
    assert sys.modules[module].imported_in != here
    assert sys.modules[module].asked_in[0] != here
    assert sys.modules["slow_answering"].imported_in != here
