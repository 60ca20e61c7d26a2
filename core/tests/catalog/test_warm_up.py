"""What calls need is imported before them, once, in a thread, for all who wait."""

import asyncio
import importlib
import sys
import threading

import pytest

from modelwire.catalog import Catalog
from modelwire.errors import PluginError
from modelwire.transport import Transport

WARM = """
    import threading
    from modelwire.hookspecs import hookimpl

    calls, threads, gate = [], [], threading.Event()
    gate.set()

    @hookimpl
    def warm_up(provider, config, api):
        calls.append((provider.id, config.environ.get("WHO"), api))
        threads.append(threading.get_ident())
        gate.wait(30)

    @hookimpl
    async def stream_completion(model):
        yield model.id

    @hookimpl
    async def discover_models(provider):
        return []
"""

BROKEN = """
    import threading
    from modelwire.hookspecs import hookimpl

    threads = []

    @hookimpl
    def warm_up():
        threads.append(threading.get_ident())
        import broken_engine

    @hookimpl
    async def stream_completion(model):
        import broken_engine
        yield model.id

    @hookimpl
    async def discover_models(provider):
        import broken_engine
"""

WRAPPER = """
    from modelwire.hookspecs import hookimpl

    calls = []

    @hookimpl(wrapper=True)
    def warm_up(provider, api):
        calls.append((provider.id, api))
        return (yield)
"""

USABLE = """
    @hookimpl
    def detect_credentials():
        from modelwire.hookspecs import CredentialStatus
        return CredentialStatus("usable")
"""


@pytest.fixture
def catalog(site, tmp_path):
    def make(document=None, environ=None):
        registry = site.registry(document, environ)
        return Catalog(registry._config, registry, Transport, cache_directory=tmp_path / "lists")

    return make


def at_once(work):
    """Run a coroutine that waits for nothing; one that does fails."""
    with pytest.raises(StopIteration):
        work.send(None)


async def test_the_hook_is_called_once_and_not_on_the_loop(site, catalog):
    acme = importlib.import_module(site.provider("acme", WARM))
    made = catalog(environ={"WHO": "me"})
    await asyncio.gather(*(made.warm_up("acme") for _ in range(100)))
    await made.warm_up("acme")
    assert acme.calls == [("acme", "me", None)]
    assert threading.get_ident() not in acme.threads


async def test_each_provider_and_api_is_warmed_up_once_however_it_is_spelled(site, catalog):
    entries = {"providers": {"acme": ""}, "apis": {"acme-chat": "", "acme-batch": ""}}
    acme = importlib.import_module(site.install("acme", entries, WARM))
    made = catalog(
        {"models": {"providers": {"acme": {"api": "acme-chat"}, "mine": {"api": "acme-chat"}}}}
    )
    for provider in ("acme", "ACME", "mine"):
        for api in (None, "acme-chat", "acme-batch"):
            await made.warm_up(provider, api)
    assert [(provider, api) for provider, _, api in acme.calls] == [
        ("acme", "acme-chat"),
        ("acme", "acme-batch"),
        ("mine", "acme-chat"),
        ("mine", "acme-batch"),
    ]


async def test_the_loop_turns_while_others_wait_and_a_cancelled_one_stops_nothing(site, catalog):
    acme = importlib.import_module(site.provider("acme", WARM))
    acme.gate.clear()
    made = catalog()
    first, *others = [asyncio.ensure_future(made.warm_up("acme")) for _ in range(50)]
    while not acme.calls:
        await asyncio.sleep(0.001)
    first.cancel()
    done, _ = await asyncio.wait([first])
    assert done.pop().cancelled()
    assert not any(task.done() for task in others)
    acme.gate.set()
    await asyncio.gather(*others)
    assert len(acme.calls) == 1


async def test_what_is_warm_waits_for_nothing(site, catalog):
    site.provider("acme", WARM)
    made = catalog()
    await made.warm_up("acme")
    at_once(made.load("acme"))
    at_once(made.warm_up("acme"))


async def test_a_provider_of_the_users_own_is_warm_where_only_its_models_have_an_api(site, catalog):
    site.install("acme", {"apis": {"acme-chat": ""}}, WARM)
    made = catalog({"models": {"providers": {"mine": {"models": [{"id": "m"}]}}}})
    await made.load("mine")
    await made.load("mine", "acme-chat")
    await made.warm_up("mine", "acme-chat")
    at_once(made.load("mine"))
    at_once(made.load("mine", "acme-chat"))
    at_once(made.warm_up("mine", "acme-chat"))


async def test_a_plugin_that_is_warming_up_delays_no_other(site, catalog):
    slow = importlib.import_module(site.provider("slow", WARM))
    slow.gate.clear()
    site.provider("quick", WARM)
    made = catalog()
    waits = asyncio.ensure_future(made.warm_up("slow"))
    while not slow.calls:
        await asyncio.sleep(0.001)
    await made.warm_up("quick")
    assert not waits.done()
    slow.gate.set()
    await waits


def test_loops_in_other_threads_share_one_warm_up(site, catalog):
    acme = importlib.import_module(site.provider("acme", WARM))
    made = catalog()
    threads = [threading.Thread(target=lambda: asyncio.run(made.warm_up("acme"))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(acme.calls) == 1


async def test_a_failed_import_is_an_error_each_time_and_is_not_tried_again(site, catalog):
    module = importlib.import_module(site.provider("broken", BROKEN))
    made, errors = catalog(), []
    for _ in range(3):
        with pytest.raises(PluginError) as caught:
            await made.warm_up("broken")
        errors.append(caught.value)
    assert len({id(error) for error in errors}) == 3
    assert str(errors[2]).startswith(
        "modelwire-broken cannot be loaded for 'broken': ModuleNotFoundError"
    )
    assert "modelwire-broken" in errors[2].hint
    assert isinstance(errors[2].__cause__, ModuleNotFoundError)
    assert len(module.threads) == 1
    assert threading.get_ident() not in module.threads


async def test_a_list_of_a_broken_plugin_has_the_error(site, catalog):
    site.provider("broken", BROKEN + USABLE)
    listing = await catalog().listing("broken")
    assert isinstance(listing.error, PluginError)
    assert "broken_engine" in str(listing.error)


async def test_a_provider_that_no_plugin_has_is_an_error_each_time(catalog):
    made = catalog()
    for _ in range(2):
        with pytest.raises(PluginError, match="No installed plugin provides 'nobody'"):
            await made.warm_up("nobody")


async def test_a_wrapper_is_called_where_the_plugin_has_no_such_hook(site, catalog):
    site.provider("plain")
    watch = importlib.import_module(site.install("watch", {"middleware": {"watch": ""}}, WRAPPER))
    made = catalog()
    await made.warm_up("plain")
    assert watch.calls == [("plain", None)]


async def test_a_broken_wrapper_is_named_itself(site, catalog):
    acme = importlib.import_module(site.provider("acme", WARM))
    source = WRAPPER.replace("return (yield)", "import broken_engine\n        return (yield)")
    site.install("watch", {"middleware": {"watch": ""}}, source)
    with pytest.raises(PluginError, match=r"^watch cannot be loaded .* ModuleNotFound"):
        await catalog().warm_up("acme")
    assert acme.calls == []


async def test_the_hook_is_a_plain_function(site, catalog):
    site.provider("acme", WARM.replace("def warm_up", "async def warm_up"))
    with pytest.raises(PluginError, match="warm_up must be a plain function"):
        await catalog().warm_up("acme")


async def test_a_plugin_that_exits_while_it_is_warmed_up_ends_nothing_else(site, catalog):
    site.provider("leaving", WARM.replace("gate.wait(30)", "raise SystemExit(3)"))
    site.provider("acme", WARM, module="another")
    made = catalog()
    with pytest.raises(PluginError, match=r"^modelwire-leaving cannot be loaded .* SystemExit"):
        await made.warm_up("leaving")
    await made.warm_up("acme")


async def test_the_list_is_fetched_after_the_warm_up(site, catalog):
    source = WARM.replace("return []", "return calls.append('discovery') or []")
    acme = importlib.import_module(site.provider("acme", source + USABLE))
    await catalog().listing("acme")
    assert acme.calls == [("acme", None, None), "discovery"]


async def test_a_fresh_list_warms_nothing_up(site, catalog):
    module = site.provider("acme", WARM + USABLE)
    await catalog().listing("acme")
    sys.modules.pop(module)
    await catalog().listing("acme")
    assert sys.modules[module].calls == []
