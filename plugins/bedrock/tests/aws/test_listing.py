"""What becomes of a region's lists: kept, asked for anew, given up, or inherited from."""

import asyncio
from urllib.parse import parse_qs, urlsplit

import pytest
from attrs import define, field

from modelwire.catalog import Catalog
from modelwire.errors import MalformedResponse, RequestTimeout, ServerError
from modelwire.hookspecs import DiscoverySettings
from modelwire.registry import Registry
from modelwire.testing import listening
from modelwire.transport import Deadlines, Transport
from modelwire_bedrock.aws import control_plane
from modelwire_bedrock.aws.clients import Clients
from modelwire_bedrock.discovery.region_models import discover

SONNET = "anthropic.claude-sonnet-4-5-20250929-v1:0"
OWN = "arn:aws:bedrock:us-west-2:123456789012:application-inference-profile/ab12"
LISTS = ("/foundation-models", "SYSTEM_DEFINED", "APPLICATION")


@define
class Region:
    """Lists by path or kind of profile, each as pages; a number in a page's place is a status."""

    lists: dict = field(factory=lambda: {name: [[]] for name in LISTS})

    def __call__(self, request):
        url = urlsplit(request.path)
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        kind = query.get("typeEquals") or query.get("type") or "SYSTEM_DEFINED"
        is_models = url.path == "/foundation-models"
        pages = self.lists[url.path if is_models else kind]
        number = int(query.get("nextToken", 0))
        if isinstance(pages[number], int):
            return pages[number], {"message": "Something is wrong."}
        key = "modelSummaries" if is_models else "inferenceProfileSummaries"
        answer = {key: pages[number]}
        return 200, answer | ({"nextToken": str(number + 1)} if number + 1 < len(pages) else {})


def profile(profile_id, base, kind="SYSTEM_DEFINED"):
    arn = OWN if kind == "APPLICATION" else f"arn:aws:bedrock:us-west-2:1:x/{profile_id}"
    behind = [{"modelArn": f"arn:aws:bedrock:us-west-2::foundation-model/{base}"}] if base else []
    return {
        "inferenceProfileId": profile_id,
        "inferenceProfileArn": arn,
        "inferenceProfileName": profile_id,
        "models": behind,
        "status": "ACTIVE",
        "type": kind,
    }


@pytest.fixture
def region():
    return Region()


@pytest.fixture
def server(serve, region):
    return serve(region)


@pytest.fixture
def config(configure, server):
    environ = {
        "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "c2VjcmV0",
        "AWS_REGION": "us-west-2",
        "AWS_ENDPOINT_URL_BEDROCK": server.url,
    }
    return lambda url=None, **document: configure(
        environ | ({"AWS_ENDPOINT_URL_BEDROCK": url} if url else {}), **document
    )


async def listed(config, clients=None):
    async with Transport(environ={}) as transport:
        provider = config.provider("amazon-bedrock")
        arguments = (provider, DiscoverySettings(), config, transport)
        return await discover(*arguments, clients=clients or Clients())


@pytest.fixture
def catalogs(config, tmp_path):
    """Ask the catalog twice, as two processes that share a cache."""

    async def twice(**document):
        found = []
        for _ in range(2):
            settings = config(**document)
            async with Transport(environ={}) as transport:
                catalog = Catalog(
                    settings, Registry(settings), lambda made=transport: made,
                    cache_directory=tmp_path / "cache",
                )  # fmt: skip
                found.append(await catalog.listing("amazon-bedrock"))
        return found

    return twice


async def test_a_profile_of_an_unknown_model_is_assumed_small(config, region):
    region.lists["SYSTEM_DEFINED"] = [[profile("us.acme.new-v1:0", "acme.new-v1:0")]]
    (model,) = await listed(config())
    assert (model.context_window, model.max_tokens) == (32_000, 4_096)
    assert model.extra["assumedLimits"] == ["contextWindow", "maxTokens"]
    assert (model.input, model.reasoning, model.tools) == (None, None, None)


async def test_an_application_profile_is_as_large_as_its_base_model_also_where_that_is_not_listed(
    config, region
):
    region.lists["APPLICATION"] = [[profile("ab12", SONNET, "APPLICATION")]]
    (model,) = await listed(config())
    assert (model.id, model.context_window, model.max_tokens) == (OWN, 200_000, 64_000)


async def test_a_profile_of_several_families_inherits_from_none(config, region):
    mixed = profile("ab12", SONNET, "APPLICATION")
    arn = "arn:aws:bedrock:us-west-2::foundation-model/meta.llama3-8b-instruct-v1:0"
    mixed["models"].append({"modelArn": arn})
    region.lists["APPLICATION"] = [[mixed]]
    (model,) = await listed(config())
    assert "baseModel" not in model.extra
    assert model.context_window == 32_000


async def test_indian_profiles_are_those_of_their_base_model(config, region):
    region.lists["SYSTEM_DEFINED"] = [[profile(f"in.{SONNET}", None)]]
    (model,) = await listed(config())
    assert (model.extra["baseModel"], model.context_window) == (SONNET, 200_000)


@pytest.mark.parametrize(
    ("name", "failing"),
    [*((name, [500]) for name in LISTS), *((name, [[], 500]) for name in LISTS[1:])],
)
async def test_a_list_or_a_page_that_fails_fails_all_and_the_next_call_asks_for_all(
    config, serve, region, name, failing
):
    region.lists["SYSTEM_DEFINED"] = [[profile(f"us.{SONNET}", SONNET)]]
    good, region.lists[name] = region.lists[name], failing
    clients = Clients()
    with pytest.raises(ServerError):
        await listed(config(), clients)
    region.lists[name] = good
    again = serve(region)
    assert [model.id for model in await listed(config(again.url), clients)] == [f"us.{SONNET}"]
    assert len(again.seen) == 3


async def test_a_list_of_nothing_is_kept_like_any_other(catalogs, server):
    first, second = await catalogs()
    assert first.models == second.models == ()
    assert first.error is second.error is None
    assert len(server.seen) == 3


async def test_a_failed_list_is_empty_and_not_kept(catalogs, server, region):
    region.lists["/foundation-models"] = [400]
    first, second = await catalogs()
    assert first.models == second.models == ()
    assert first.error.code == second.error.code == "invalid_request"
    assert server.paths().count("/foundation-models") == 2


async def test_a_list_may_be_kept_for_longer_than_anybody_lives(catalogs, server):
    settings = {"discovery": {"refreshInterval": 10**30}}
    _, second = await catalogs(plugins={"entries": {"amazon-bedrock": {"config": settings}}})
    assert second.error is None
    assert len(server.seen) == 3


@pytest.fixture
async def stalled():
    """A server that never answers; how many clients it has lost."""
    lost = asyncio.Queue()

    async def handle(reader, writer):
        await reader.read()
        lost.put_nowait(True)
        writer.close()

    async with listening(handle) as port:
        lost.url = f"http://127.0.0.1:{port}"
        yield lost


async def test_a_list_that_does_not_come_is_given_up_and_its_socket_closed(
    config, stalled, monkeypatch
):
    assert 0 < control_plane._DEADLINES.total <= 30
    monkeypatch.setattr(control_plane, "_DEADLINES", Deadlines(total=0.2))
    with pytest.raises(RequestTimeout):
        await listed(config(stalled.url))
    for _ in range(3):
        await asyncio.wait_for(stalled.get(), 10)


async def test_a_call_that_was_cancelled_before_it_began_sends_no_request(config, server):
    task = asyncio.ensure_future(listed(config()))
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert server.seen == []


@pytest.mark.parametrize(
    "body",
    [b"<html>hello</html>", b"{", b'{"modelSummaries": ' + b"[" * 5_000 + b"]" * 5_000 + b"}"],
)
async def test_a_list_that_is_none_is_the_services_fault(serve, config, body):
    server = serve(lambda _: (200, body))
    with pytest.raises(MalformedResponse, match="is not what Bedrock's service model describes"):
        await listed(config(server.url))
