"""Configured and discovered models, merged; fetched once, kept, and served stale when need be."""

import asyncio
import copy
import importlib
import pickle

import pytest

from modelwire.catalog import Catalog
from modelwire.config import Config
from modelwire.errors import ConfigError, Overloaded
from modelwire.models import Model, ModelList, ModelRef, Prices
from modelwire.runtime import Runtime
from modelwire.transport import RetryPolicy, Transport

PROVIDER = """
    import asyncio
    from modelwire.errors import AccessDenied, Overloaded
    from modelwire.hookspecs import CredentialStatus, hookimpl
    from modelwire.models import Model, ModelList

    calls, failure, settings_seen, reasons = [], [], [], []
    offer = [
        dict(id="a", name="Model A", context_window=1000, input=("text", "image"), reasoning=True),
        dict(id="b", context_window=2000),
    ]

    @hookimpl
    def detect_credentials(config):
        who = config.environ.get("ACME_USER")
        return CredentialStatus("usable" if who else "unusable", source="env: ACME_USER", identity=who)

    @hookimpl
    async def discover_models(provider, settings):
        calls.append(provider.id)
        settings_seen.append(settings)
        await asyncio.sleep(0)
        if failure:
            raise failure[0]
        return ModelList([Model(provider.id, **item) for item in offer], reasons)
"""


class SlowAsyncio:
    async def sleep(self, _: float) -> None:
        await asyncio.sleep(3600)


class Clock:
    def __init__(self):
        self.now = 1_000_000.0

    def __call__(self):
        return self.now


@pytest.fixture
def acme(site):
    return importlib.import_module(site.provider("acme", source=PROVIDER))


@pytest.fixture
def make_catalog(site, tmp_path):
    clock = Clock()

    def make(document=None, user="me"):
        environ = {"ACME_USER": user} if user else {}
        registry = site.registry(document, environ)
        config = Config.from_document(document or {}, environ=environ)
        catalog = Catalog(config, registry, Transport, cache_directory=tmp_path / "c", clock=clock)
        catalog.clock = clock
        return catalog

    return make


def configured(*models, **provider):
    return {"models": {"providers": {"acme": {"models": list(models), **provider}}}}


async def test_discovered_models_are_listed_with_their_source(acme, make_catalog):
    listing = await make_catalog().listing("acme")
    assert [m.id for m in listing.models] == ["a", "b"]
    assert listing.models[0].sources == ("discovered",)
    assert listing.credentials.state == "usable"
    assert listing.error is None


async def test_an_explicit_model_is_laid_over_the_discovered_one_field_by_field(acme, make_catalog):
    document = configured(
        {"id": "b", "contextWindow": 7, "cost": {"input": 3}},
        {"id": "mine"},
        {"id": "a", "reasoning": False},
        baseUrl="https://acme.example",
        maxTokens=99,
    )
    models = {m.id: m for m in (await make_catalog(document).listing("acme")).models}
    assert list(models) == ["b", "mine", "a"]
    assert models["b"].context_window == 7
    assert models["b"].prices == Prices(3.0)
    assert models["b"].sources == ("configured", "discovered")
    assert models["mine"].sources == ("configured",)
    assert (models["a"].name, models["a"].reasoning, models["a"].context_window) == (
        "Model A",
        False,
        1000,
    )
    assert {m.base_url for m in models.values()} == {"https://acme.example"}
    assert {m.max_tokens for m in models.values()} == {99}


async def test_mode_replace_sends_no_request(acme, make_catalog):
    document = configured({"id": "mine"})
    document["models"]["mode"] = "replace"
    listing = await make_catalog(document).listing("acme")
    assert [m.id for m in listing.models] == ["mine"]
    assert acme.calls == []


@pytest.mark.parametrize(
    ("enabled", "user", "calls"),
    [(None, None, 0), (None, "me", 1), (False, "me", 0), (True, None, 1)],
)
async def test_who_is_asked_depends_on_credentials_and_settings(
    acme, make_catalog, enabled, user, calls
):
    discovery = {} if enabled is None else {"enabled": enabled}
    document = {"plugins": {"entries": {"acme": {"config": {"discovery": discovery}}}}}
    await make_catalog(document, user).listing("acme")
    assert len(acme.calls) == calls


async def test_a_fresh_list_is_not_fetched_again_not_even_by_another_process(acme, make_catalog):
    await make_catalog().listing("acme")
    again = make_catalog()
    assert again.known("acme").models[0].id == "a"
    assert [m.id for m in (await again.listing("acme")).models] == ["a", "b"]
    assert len(acme.calls) == 1


async def test_a_list_ages_and_can_be_refreshed_at_once(acme, make_catalog):
    catalog = make_catalog()
    await catalog.listing("acme")
    catalog.clock.now += 3601
    assert catalog.known("acme") is None
    await catalog.listing("acme")
    await catalog.listing("acme", refresh=True)
    assert len(acme.calls) == 3


async def test_a_list_is_recalled_however_old_it_is_and_no_request_is_sent(acme, make_catalog):
    catalog = make_catalog()
    assert catalog.cached("acme").models == ()
    await catalog.listing("acme")
    assert not catalog.cached("acme").stale
    catalog.clock.now += 999_999
    recalled = catalog.cached("acme")
    assert [m.id for m in recalled.models] == ["a", "b"]
    assert recalled.stale
    assert len(acme.calls) == 1


async def test_a_list_of_another_version_of_the_plugin_is_not_recalled(acme, site, make_catalog):
    await make_catalog().listing("acme")
    metadata = site.path / "modelwire_acme-1.0.dist-info" / "METADATA"
    metadata.write_text(metadata.read_text().replace("Version: 1.0", "Version: 1.1"))
    assert make_catalog().cached("acme").models == ()


async def test_an_interval_of_zero_keeps_nothing(acme, make_catalog):
    settings = {"acme": {"config": {"discovery": {"refreshInterval": 0}}}}
    catalog = make_catalog({"plugins": {"entries": settings}})
    await catalog.listing("acme")
    await catalog.listing("acme")
    assert len(acme.calls) == 2


async def test_each_identity_has_its_own_list(acme, make_catalog):
    await make_catalog(user="me").listing("acme")
    await make_catalog(user="you").listing("acme")
    assert len(acme.calls) == 2


async def test_all_who_wait_share_one_fetch(acme, make_catalog):
    catalog = make_catalog()
    listings = await asyncio.gather(*(catalog.listing("acme") for _ in range(10)))
    assert len(acme.calls) == 1
    assert {len(listing.models) for listing in listings} == {2}


async def test_one_who_stops_waiting_does_not_stop_the_others(acme, make_catalog):
    catalog = make_catalog()
    first = asyncio.create_task(catalog.listing("acme"))
    second = asyncio.create_task(catalog.listing("acme"))
    while not acme.calls:
        await asyncio.sleep(0)
    first.cancel()
    assert len((await second).models) == 2
    assert len(acme.calls) == 1


async def test_an_old_list_is_served_when_fetching_fails_and_says_so(acme, make_catalog):
    catalog = make_catalog()
    await catalog.listing("acme")
    catalog.clock.now += 3601
    acme.failure.append(acme.AccessDenied("missing acme:List"))
    listing = await catalog.listing("acme")
    assert [m.id for m in listing.models] == ["a", "b"]
    assert listing.stale
    assert "acme:List" in str(listing.error)


async def test_without_an_old_list_the_configured_models_remain(acme, make_catalog):
    acme.failure.append(acme.AccessDenied("no"))
    listing = await make_catalog(configured({"id": "mine"})).listing("acme")
    assert [m.id for m in listing.models] == ["mine"]
    assert not listing.stale
    assert listing.error.code == "access_denied"


async def test_a_passing_failure_is_tried_again(acme, make_catalog):
    acme.failure.append(Overloaded("busy", retry_after=0))
    fetching = asyncio.create_task(make_catalog().listing("acme"))
    while not acme.calls:
        await asyncio.sleep(0)
    await asyncio.sleep(0)
    acme.failure.clear()
    assert (await fetching).error is None


@pytest.mark.parametrize("tries", [1, 2])
async def test_the_retries_of_a_runtime_hold_for_its_lists(acme, site, tmp_path, tries):
    acme.failure.append(Overloaded("busy", retry_after=0))
    document, environ = {}, {"ACME_USER": "me"}
    runtime = Runtime(
        Config.from_document(document, environ=environ),
        registry=site.registry(document, environ),
        retries=RetryPolicy(max_attempts=tries, base=0.0),
        cache_directory=tmp_path / "c",
    )
    async with runtime:
        listing = await runtime.catalog.listing("acme")
    assert listing.error.code == "overloaded"
    assert acme.calls == ["acme"] * tries


@pytest.mark.parametrize("bad", [KeyError("sk-secret"), SystemExit("sk-secret")])
async def test_a_bug_in_a_plugin_is_an_error_of_that_listing_only(acme, site, make_catalog, bad):
    site.provider("echo")
    acme.failure.append(bad)
    listings = {item.provider: item for item in await make_catalog().listings()}
    assert listings["acme"].error.code == "plugin"
    assert "sk-secret" not in str(listings["acme"].error)
    assert listings["echo"].error is None


async def test_a_provider_that_no_plugin_owns_still_lists_what_is_configured(make_catalog):
    document = {"models": {"providers": {"ghost": {"api": "telex", "models": ["m"]}}}}
    listing = await make_catalog(document).listing("ghost")
    assert [m.id for m in listing.models] == ["m"]
    assert listing.credentials.state == "unusable"
    assert "telex" in listing.credentials.reason


async def test_both_homes_of_the_settings_are_read_and_the_newer_wins(acme, make_catalog):
    document = {
        "models": {"acmeDiscovery": {"refreshInterval": 5, "region": "eu"}},
        "plugins": {"entries": {"acme": {"config": {"discovery": {"refreshInterval": 6}}}}},
    }
    await make_catalog(document).listing("acme")
    assert acme.settings_seen[0].values == {"refreshInterval": 6, "region": "eu"}
    assert acme.settings_seen[0].refresh_interval == 6


@pytest.mark.parametrize(
    ("discovery", "path"),
    [
        ({"enabled": "yes"}, "enabled"),
        ({"refreshInterval": "1h"}, "refreshInterval"),
        ([], "discovery"),
    ],
)
async def test_wrong_settings_name_their_path(acme, make_catalog, discovery, path):
    document = {"plugins": {"entries": {"acme": {"config": {"discovery": discovery}}}}}
    with pytest.raises(ConfigError, match=path):
        await make_catalog(document).listing("acme")
    with pytest.raises(ConfigError, match=path):
        await make_catalog(document).listings()


async def test_what_is_known_about_a_model_needs_no_network(acme, make_catalog):
    catalog = make_catalog()
    assert catalog.model(ModelRef("acme", "a")).context_window is None
    await catalog.listing("acme")
    catalog.clock.now += 10**6
    assert catalog.model(ModelRef("acme", "a")).context_window == 1000
    assert catalog.model(ModelRef("acme", "unlisted")).id == "unlisted"
    assert len(acme.calls) == 1


async def test_the_only_api_of_a_plugin_is_its_models_api(site, make_catalog):
    site.install("one", {"providers": {"one": ""}, "apis": {"one-chat": ""}})
    site.install("two", {"providers": {"two": ""}, "apis": {"two-chat": "", "two-more": ""}})
    catalog = make_catalog()
    assert catalog.model(ModelRef("one", "x")).api == "one-chat"
    assert catalog.model(ModelRef("two", "x")).api is None


async def test_a_list_that_is_no_json_data_is_served_and_not_kept(acme, make_catalog):
    acme.offer.append({"id": "c", "extra": {"raw": b"bytes"}})
    catalog = make_catalog()
    assert [m.id for m in (await catalog.listing("acme")).models] == ["a", "b", "c"]
    assert catalog.known("acme") is None


def test_a_state_of_credentials_that_does_not_exist_is_a_bug_of_that_plugin(site, make_catalog):
    source = """
        from modelwire.hookspecs import CredentialStatus, hookimpl

        @hookimpl
        def detect_credentials():
            return CredentialStatus("fine")
    """
    site.provider("odd", source=source)
    status = make_catalog().credentials("odd")
    assert status.state == "unknown"
    assert "its plugin failed: ValueError" in status.reason


def test_a_cache_folder_of_an_unknown_user_breaks_nothing():
    from modelwire.catalog.cache import default_cache_directory

    config = Config.empty({"MODELWIRE_CACHE_DIR": "~no-such-user/x"})
    assert default_cache_directory(config.environ).name == "models"


async def test_a_fetch_that_is_not_awaited_ends_with_the_catalog(acme, make_catalog):
    acme.asyncio = SlowAsyncio()
    catalog = make_catalog()
    left, waiting = (asyncio.create_task(catalog.listing("acme")) for _ in range(2))
    while not acme.calls:
        await asyncio.sleep(0)
    left.cancel()
    await catalog.aclose()
    assert (await waiting).error.code == "cancelled"
    assert asyncio.all_tasks() - {left} == {asyncio.current_task()}


def test_a_loop_that_was_closed_in_the_middle_of_a_fetch_blocks_no_other(acme, make_catalog):
    acme.asyncio = SlowAsyncio()
    catalog = make_catalog()

    async def begin():
        begun = asyncio.create_task(catalog.listing("acme"))
        while not acme.calls:
            await asyncio.sleep(0)
        return begun

    loop = asyncio.new_event_loop()
    left = loop.run_until_complete(begin())
    loop.close()
    acme.asyncio = asyncio
    assert len(asyncio.run(catalog.listing("acme")).models) == 2
    assert not left.done()
    assert catalog._fetching == {}


async def test_an_incomplete_list_says_why_and_is_fetched_again_soon(acme, make_catalog):
    catalog = make_catalog()
    acme.reasons.append("The list of profiles may not be read.")
    first = await catalog.listing("acme")
    assert first.incomplete == ("The list of profiles may not be read.",)
    catalog.clock.now += 299
    assert (await catalog.listing("acme")).incomplete == first.incomplete
    assert catalog.cached("acme").incomplete == first.incomplete
    assert len(acme.calls) == 1
    acme.reasons.clear()
    catalog.clock.now += 1
    assert (await catalog.listing("acme")).incomplete == ()
    catalog.clock.now += 3000
    assert (await catalog.listing("acme")).incomplete == ()
    assert len(acme.calls) == 2


@pytest.mark.parametrize("reasons", [[5], [""], ["  "], [None]])
def test_a_reason_is_a_text(reasons):
    with pytest.raises(TypeError, match="must be a text"):
        ModelList([], reasons)


def test_a_list_of_models_is_a_tuple_that_keeps_its_reasons_when_it_is_copied():
    made = ModelList([Model("acme", "a")], "One page is missing.")
    assert made == (Model("acme", "a"),)
    assert copy.deepcopy(made).incomplete == ("One page is missing.",)
    assert pickle.loads(pickle.dumps(made)).incomplete == ("One page is missing.",)


async def test_a_model_that_is_listed_under_other_ids_is_known_with_them(acme, make_catalog):
    acme.offer += [{"id": f"{place}.c", "extra": {"baseModel": "c"}} for place in ("us", "global")]
    catalog = make_catalog()
    await catalog.listing("acme")
    catalog.clock.now += 10_000_000  # however old the list is
    found = catalog.model(ModelRef("acme", "c"))
    assert (found.extra, found.sources) == ({"listedAs": ["us.c", "global.c"]}, ())
    assert catalog.model(ModelRef("acme", "us.c")).extra == {"baseModel": "c"}
    assert catalog.model(ModelRef("acme", "d")).extra == {}
