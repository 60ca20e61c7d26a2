"""An exception is blamed on the package whose code was called last, whatever calls it."""

import pytest

from modelwire.errors import PluginError

# Each wrapper passes the stream on in a way of its own.
WRAPPERS = {
    "returns it": "return deltas",
    "iterates": """async def passed():
            async for arrived in deltas:
                yield arrived
        return passed()""",
    "reads ahead": """async def passed():
            first = await anext(deltas)
            yield first
            async for arrived in deltas:
                yield arrived
        return passed()""",
    "cleans up": """async def passed():
            try:
                async for arrived in deltas:
                    yield arrived
            except Exception:
                raise
            finally:
                await deltas.aclose()
        return passed()""",
}

OWNER = """
    import json
    from modelwire.events import *
    from modelwire.hookspecs import hookimpl
    from modelwire.transport import SseDecoder

    def deeper():
        raise AttributeError("sk-secret")

    @hookimpl
    async def stream_completion(model):
        if model.id == "early":
            deeper()
        yield TextDelta(0, "some text")
        if model.id == "late":
            deeper()
        if model.id == "library":
            json.dumps(object())
        if model.id == "core":
            SseDecoder().feed(5)
"""


def wrap(site, name, body):
    source = f"""
    from modelwire.hookspecs import hookimpl

    @hookimpl(wrapper=True)
    def stream_completion():
        deltas = yield
        {body}
    """
    site.install(name, {"middleware": {name: ""}}, source)


async def blamed(runtime, model):
    with pytest.raises(PluginError) as caught:
        await runtime.complete("hi", model=model)
    assert "sk-secret" not in str(caught.value)
    return str(caught.value).partition(" ")[0], caught.value.hint


@pytest.mark.parametrize("fault", ["early", "late", "library"])
@pytest.mark.parametrize("body", WRAPPERS.values(), ids=WRAPPERS)
async def test_middleware_is_not_blamed_for_the_provider_inside_it(site, make_runtime, body, fault):
    site.provider("owner", OWNER)
    wrap(site, "first-wrapper", body)
    wrap(site, "second-wrapper", body)
    guilty, hint = await blamed(make_runtime(), f"owner/{fault}")
    assert guilty == "modelwire-owner"
    assert hint == "This is a bug in the plugin; tell its author."


async def test_middleware_that_calls_a_library_wrongly_is_blamed_itself(site, make_runtime):
    site.provider("owner", OWNER)
    wrap(site, "harmless", WRAPPERS["iterates"])
    wrap(site, "shaky", "import json; json.dumps(object())")
    assert (await blamed(make_runtime(), "owner/late"))[0] == "shaky"


@pytest.mark.parametrize("wrapped", [False, True])
async def test_the_core_is_named_where_its_code_was_called_last(site, make_runtime, wrapped):
    site.provider("owner", OWNER)
    if wrapped:
        wrap(site, "harmless", WRAPPERS["iterates"])
    guilty, hint = await blamed(make_runtime(), "owner/core")
    assert guilty == "modelwire"
    assert "modelwire-owner" in hint


async def test_a_plugin_that_calls_another_one_is_not_blamed_for_it(site, make_runtime):
    site.provider("inner", "from modelwire.hookspecs import hookimpl\n\n" + BROKEN)
    source = """
    import modelwire_inner_plugin
    from modelwire.hookspecs import hookimpl

    @hookimpl
    async def stream_completion():
        modelwire_inner_plugin.helper()
        yield
    """
    site.provider("outer", source)
    assert (await blamed(make_runtime(), "outer/m"))[0] == "modelwire-inner"


BROKEN = """
def helper():
    raise KeyError("x")

@hookimpl
async def stream_completion():
    yield
"""


async def test_packages_that_share_the_first_part_of_their_names_are_kept_apart(site, make_runtime):
    """As the parts of one company's namespace package."""
    folder = site.path / "company"
    source = "from modelwire.hookspecs import hookimpl\n\n@hookimpl(wrapper=True)\n"
    provider = OWNER.replace("\n    ", "\n")
    shared = "def fail():\n    raise KeyError('x')\n"
    site.modules += ["company", "company.tracing.plugin", "company.provider.plugin"]
    files = {
        "tracing/plugin.py": source + "def stream_completion():\n    return (yield)\n",
        "provider/plugin.py": provider.replace('raise AttributeError("sk-secret")', SHARED),
        "shared.py": shared,
    }
    for name, text in files.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    install = site.install
    install("a-tracing", {"middleware": {"tracing": "company.tracing.plugin"}}, module="unused_a")
    install("b-provider", {"providers": {"owner": "company.provider.plugin"}}, module="unused_b")
    assert (await blamed(make_runtime(), "owner/library"))[0] == "b-provider"
    assert (await blamed(make_runtime(), "owner/early"))[0] == "b-provider"


SHARED = "from company.shared import fail; fail()"
