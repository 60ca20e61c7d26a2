"""Plugins are found without being imported, loaded when needed, and kept apart when broken."""

import sys

import pytest

from modelwire.errors import PluginError
from modelwire.models import ModelRef

WRAPPER = """
    from modelwire.hookspecs import hookimpl

    @hookimpl(wrapper=True)
    def detect_credentials(provider):
        status = yield
        import attrs
        return attrs.evolve(status, reason=f"{(status.reason or '')}>{NAME}")
"""


def detect(owner, registry, provider="echo"):
    return owner.hooks.detect_credentials(
        provider=registry.provider_config(provider),
        config=registry._config,
        probe=False,
        timeout=1.0,
    )


def test_nothing_is_imported_to_know_who_owns_what(site):
    module = site.install(
        "acme", {"providers": {"acme": ""}, "apis": {"acme-chat": ""}, "aliases": {"ac": "acme"}}
    )
    registry = site.registry()
    assert registry.provider_ids == ["acme"]
    assert registry.apis_of("acme") == ["acme-chat"]
    assert registry.canonical(" AC ") == "acme"
    assert [info.state for info in registry.plugins()] == ["installed"]
    assert module not in sys.modules


def test_only_the_owner_is_imported_and_called(site):
    site.provider("echo")
    other = site.provider("other", source="raise SystemExit('must not run')")
    registry = site.registry(environ={"ECHO_API_KEY": "x"})
    assert detect(registry.owner("echo"), registry).source == "env: ECHO_API_KEY"
    assert other not in sys.modules


def test_ids_fold_case_and_aliases_with_dashes_find_their_provider(site):
    site.install(
        "b", {"providers": {"Amazon-Bedrock": ""}, "aliases": {"aws-bedrock": "amazon_bedrock"}}
    )
    registry = site.registry()
    assert registry.canonical("AWS-Bedrock") == "amazon-bedrock"
    assert registry.owner("aws-bedrock") is registry.owner("AMAZON-BEDROCK")


def test_an_id_that_is_configured_with_its_own_api_is_not_an_alias(site):
    site.install(
        "b", {"providers": {"big": ""}, "apis": {"big-chat": ""}, "aliases": {"little": "big"}}
    )
    plain = site.registry({"models": {"providers": {"little": {"baseUrl": "http://x"}}}})
    assert plain.canonical("little") == "big"
    assert plain.provider_config("big").base_url == "http://x"
    assert plain.provider_config("big").id == "big"
    own = site.registry({"models": {"providers": {"little": {"api": "big-chat"}}}})
    assert own.canonical("little") == "little"


def test_a_users_own_provider_is_found_by_its_api(site):
    site.install("chatty", {"providers": {"chatty": ""}, "apis": {"chat-completions": ""}})
    registry = site.registry({"models": {"providers": {"mine": {"api": "chat-completions"}}}})
    assert registry.owner("mine").distribution == "chatty"
    assert registry.provider_config("mine").api == "chat-completions"


def test_the_providers_own_plugin_is_preferred_among_the_speakers_of_an_api(site):
    site.install("chatty", {"providers": {"chatty": ""}, "apis": {"chat": ""}})
    site.install("groq", {"providers": {"groq": ""}, "apis": {"chat": ""}})
    registry = site.registry()
    assert registry.owner("groq", "chat").distribution == "groq"
    with pytest.raises(PluginError, match="chatty and groq both claim the API 'chat'"):
        registry.owner("somebody", "chat")


def test_an_api_that_no_plugin_has_is_an_error_that_lists_the_known_ones(site):
    site.install("chatty", {"providers": {"chatty": ""}, "apis": {"chat": ""}})
    with pytest.raises(PluginError, match="speaks the API 'telex'") as caught:
        site.registry().owner("chatty", "telex")
    assert "chat" in caught.value.hint


def test_an_unknown_provider_is_an_error_with_near_names(site):
    site.provider("openai")
    with pytest.raises(PluginError, match="'opneai'") as caught:
        site.registry().owner("opneai")
    assert "openai" in caught.value.hint


def test_two_plugins_that_claim_one_provider_are_named_and_break_nothing_else(site):
    site.provider("acme", name="acme-one")
    site.provider("acme", name="acme-two")
    site.provider("echo")
    registry = site.registry(environ={"ECHO_API_KEY": "x"})
    with pytest.raises(PluginError, match="acme-one and acme-two both claim the provider 'acme'"):
        registry.owner("acme")
    assert registry.owner("echo").distribution == "modelwire-echo"
    states = {info.distribution: info.state for info in registry.plugins(check=True)}
    assert states == {"acme-one": "conflict", "acme-two": "conflict", "modelwire-echo": "loaded"}


def test_a_conflict_ends_when_the_configuration_switches_one_off(site):
    site.provider("acme", name="acme-one")
    site.provider("acme", name="acme-two")
    registry = site.registry({"plugins": {"entries": {"acme-two": {"enabled": False}}}})
    assert registry.owner("acme").distribution == "acme-one"
    assert {i.distribution: i.state for i in registry.plugins()}["acme-two"] == "disabled"


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("import no_such_module", "ModuleNotFoundError"),
        ("def broken(:", "SyntaxError"),
        ("raise SystemExit(3)", "SystemExit"),
        ("api_key = 'sk-secret'; raise ValueError(api_key)", "ValueError at "),
        ("x = 1", "implements no hook"),
        (
            "from modelwire.hookspecs import hookimpl\n@hookimpl\ndef stream_complete(): ...",
            "stream_complete",
        ),
        (
            "from modelwire.hookspecs import hookimpl\n@hookimpl\ndef detect_credentials(colour): ...",
            "colour",
        ),
        (
            "from modelwire.hookspecs import hookimpl\n@hookimpl\nasync def stream_completion(model): ...",
            "asynchronous generator",
        ),
        (
            "from modelwire.hookspecs import hookimpl\n@hookimpl\nasync def discover_models():\n yield 1",
            "return a list",
        ),
        (
            "from modelwire.hookspecs import hookimpl\n@hookimpl\nasync def detect_credentials(): ...",
            "plain function",
        ),
    ],
)
def test_a_broken_plugin_is_quarantined_with_its_reason_and_the_others_work(site, source, reason):
    site.provider("bad", source=source)
    site.provider("echo")
    registry = site.registry(environ={"ECHO_API_KEY": "x"})
    for _ in range(2):
        with pytest.raises(PluginError, match="modelwire-bad") as caught:
            registry.owner("bad")
        assert reason in str(caught.value)
        assert "sk-secret" not in str(caught.value)
    assert detect(registry.owner("echo"), registry).state == "usable"
    bad = next(i for i in registry.plugins(check=True) if i.distribution == "modelwire-bad")
    assert bad.state == "quarantined"
    assert reason in bad.reasons[0]


def test_a_class_and_an_object_may_be_plugins_too(site):
    source = """
        from modelwire.hookspecs import CredentialStatus, hookimpl

        class Plugin:
            @hookimpl
            def detect_credentials(self, provider):
                return CredentialStatus("usable", source=provider.id)

        plugin = Plugin()
    """
    site.install(
        "p", {"providers": {"klass": "p_plugin:Plugin", "object": "p_plugin:plugin"}}, source
    )
    registry = site.registry()
    assert detect(registry.owner("klass"), registry, "klass").source == "klass"
    assert detect(registry.owner("object"), registry, "object").source == "object"


def test_wrappers_run_around_the_owner_the_first_by_name_outermost(site):
    site.provider("echo")
    for name in ("b", "a"):
        site.install(f"w-{name}", {"middleware": {name: ""}}, WRAPPER.replace("NAME", repr(name)))
    registry = site.registry(environ={"ECHO_API_KEY": "x"})
    assert detect(registry.owner("echo"), registry).reason == ">'b'>'a'".replace("'", "")


def test_middleware_that_does_not_wrap_is_quarantined_and_not_called(site, caplog):
    site.provider("echo")
    site.install("greedy", {"middleware": {"greedy": ""}})
    registry = site.registry(environ={"ECHO_API_KEY": "x"})
    assert detect(registry.owner("echo"), registry).source == "env: ECHO_API_KEY"
    assert "must be a wrapper" in caplog.text


def test_a_plugin_says_which_hooks_it_has(site):
    site.provider(
        "tiny",
        source="""
            from modelwire.hookspecs import hookimpl

            @hookimpl
            async def stream_completion(model):
                yield None
        """,
    )
    owner = site.registry().owner("tiny")
    assert owner.implements("stream_completion")
    assert not owner.implements("discover_models")


def test_a_package_that_is_twice_on_the_path_counts_once(site):
    site.provider("echo", version="1.0")
    site.provider("echo", version="2.0")
    assert len(site.registry().plugins()) == 1
    assert site.registry().owner("echo").distribution == "modelwire-echo"


def test_damaged_metadata_of_a_stranger_breaks_nothing(site):
    site.provider("echo")
    stranger = site.path / "stranger-1.0.dist-info"
    stranger.mkdir()
    (stranger / "entry_points.txt").write_bytes(b"\xff\xfe not text")
    nameless = site.path / "nameless-1.0.dist-info"
    nameless.mkdir()
    (nameless / "entry_points.txt").write_text("[modelwire.providers]\nghost = ghost")
    assert "echo" in site.registry().provider_ids


def test_models_that_need_no_configuration_are_declared(site):
    site.install("l", {"providers": {"tiny": ""}, "defaults": {"tiny/m-1:0": ""}})
    assert site.registry().default_refs == [ModelRef("tiny", "m-1:0")]


def test_guides_are_known_without_importing_them_and_those_of_disabled_plugins_are_not(site):
    site.install("b", {"setup": {"second": "b_plugin:GUIDE"}}, source="raise SystemExit")
    site.install("a", {"setup": {"first": "a_plugin:GUIDE"}}, source="raise SystemExit")
    assert [claim.name for claim in site.registry().guides()] == ["first", "second"]
    off = {"plugins": {"entries": {"a": {"enabled": False}}}}
    assert [claim.name for claim in site.registry(off).guides()] == ["second"]


def test_commands_of_plugins_are_known_without_importing_them(site):
    module = site.install("l", {"commands": {"tiny": "l_plugin:group"}}, source="raise SystemExit")
    assert list(site.registry().commands()) == ["tiny"]
    assert module not in sys.modules


def test_a_providers_own_id_is_never_another_ones_alias(site):
    site.provider("acme")
    site.install("greedy", {"providers": {"greedy": ""}, "aliases": {"acme": "greedy"}})
    registry = site.registry()
    assert registry.canonical("acme") == "acme"
    greedy = next(i for i in registry.plugins() if i.distribution == "greedy")
    assert greedy.reasons == ["modelwire-acme claims the provider 'acme' too"]


def test_an_alias_of_two_providers_means_neither_and_both_are_named(site):
    site.install("one", {"providers": {"first": ""}, "aliases": {"x": "first"}})
    site.install("two", {"providers": {"second": ""}, "aliases": {"x": "second"}})
    registry = site.registry()
    with pytest.raises(PluginError, match="one and two both claim the alias 'x'"):
        registry.owner("x")
    assert [i.reasons for i in registry.plugins()] == [
        ["two claims the alias 'x' too"],
        ["one claims the alias 'x' too"],
    ]


def test_middleware_under_two_names_wraps_once(site):
    site.provider("echo")
    site.install("w", {"middleware": {"a": "", "b": ""}}, WRAPPER.replace("NAME", "'w'"))
    registry = site.registry(environ={"ECHO_API_KEY": "x"})
    assert detect(registry.owner("echo"), registry).reason == ">w"


@pytest.mark.parametrize("order", [["echo", "both"], ["both", "echo"]])
def test_a_provider_that_is_no_wrapper_is_not_middleware_too(site, order):
    site.provider("echo")
    site.install("both", {"providers": {"both": ""}, "middleware": {"w": ""}})
    registry = site.registry(environ={"ECHO_API_KEY": "x"})
    for provider in order:
        assert len(registry.owner(provider).hooks.detect_credentials.get_hookimpls()) == 1


def test_a_plugin_may_be_all_wrappers_and_claim_a_provider(site):
    source = WRAPPER.replace("NAME", "'w'")
    site.install("w", {"providers": {"hollow": ""}, "middleware": {"w": ""}}, source)
    owner = site.registry().owner("hollow")
    assert not owner.implements("detect_credentials")


ODD = """
    from modelwire.hookspecs import CredentialStatus, hookimpl

    class Odd:
        def MAGIC:
            raise KeyError("sk-secret")

        @hookimpl
        def detect_credentials(self):
            return CredentialStatus("usable")

    odd = Odd()
"""


def test_an_object_that_has_no_name_is_a_plugin_all_the_same(site):
    source = ODD.replace("MAGIC", "__getattr__(self, name)")
    site.install("odd", {"providers": {"odd": "odd_plugin:odd"}}, source)
    registry = site.registry()
    assert detect(registry.owner("odd"), registry, "odd").state == "usable"


def test_an_object_that_cannot_be_looked_at_is_quarantined(site):
    source = ODD.replace("MAGIC", "__dir__(self)")
    site.install("odd", {"providers": {"odd": "odd_plugin:odd"}}, source)
    with pytest.raises(PluginError, match="searched for hooks: KeyError at") as caught:
        site.registry().owner("odd")
    assert "sk-secret" not in str(caught.value)
