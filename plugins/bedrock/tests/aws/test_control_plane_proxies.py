"""The control plane goes through the proxy that the environment names, and past it where it may."""

import pytest

from modelwire.hookspecs import DiscoverySettings
from modelwire.transport import Transport, proxy_for
from modelwire_bedrock.aws.clients import Clients
from modelwire_bedrock.discovery.region_models import discover
from modelwire_bedrock.models.application_profiles import ApplicationProfiles

PAIR = {
    "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
    "AWS_SECRET_ACCESS_KEY": "c2VjcmV0",
    "AWS_REGION": "eu-west-1",
}
PROXY = "http://proxy.example:3128"
OWN = "arn:aws:bedrock:eu-west-1:123456789012:application-inference-profile/ab12"


@pytest.fixture
def proxy(serve):
    """A server that answers everything that is asked for by a whole URL, as a proxy does."""
    return serve(lambda _: (200, {}))


@pytest.fixture
def ask(configure, target_of):
    """List a region's models, and ask for one application profile."""

    async def run(environ):
        config = configure({**PAIR, **environ})
        clients = Clients()
        async with Transport(environ=config.environ) as transport:
            provider = config.provider("amazon-bedrock")
            await discover(provider, DiscoverySettings(), config, transport, clients=clients)
            target = target_of(OWN, {**PAIR, **environ})
            await ApplicationProfiles().models_of(
                OWN, target=target, clients=clients, transport=transport
            )

    return run


async def test_every_call_goes_through_the_proxy(ask, proxy):
    host = "http://bedrock.example"
    await ask({"AWS_ENDPOINT_URL_BEDROCK": host, "HTTP_PROXY": proxy.url})
    paths = sorted(path.removeprefix(host).partition("?")[0] for path in proxy.paths())
    assert all(path.startswith(host) for path in proxy.paths())
    assert paths == [
        "/foundation-models",
        "/inference-profiles",
        "/inference-profiles",
        "/inference-profiles/" + OWN.replace(":", "%3A").replace("/", "%2F"),
    ]


async def test_an_endpoint_on_this_machine_is_reached_directly(ask, proxy, serve):
    local = serve(lambda _: (200, {}))
    await ask({"AWS_ENDPOINT_URL_BEDROCK": local.url, "HTTP_PROXY": proxy.url})
    assert len(local.seen) == 4
    assert proxy.seen == []


async def test_no_proxy_spares_an_endpoint_of_ones_own(ask, proxy, serve):
    local = serve(lambda _: (200, {}))
    environ = {"AWS_ENDPOINT_URL_BEDROCK": local.url, "HTTP_PROXY": proxy.url, "NO_PROXY": "*"}
    await ask(environ)
    assert len(local.seen) == 4
    assert proxy.seen == []


@pytest.mark.parametrize(
    ("environ", "host"),
    [
        ({}, "bedrock.eu-west-1.amazonaws.com"),
        ({"AWS_REGION": "cn-north-1"}, "bedrock.cn-north-1.amazonaws.com.cn"),
        (
            {"AWS_REGION": "us-gov-west-1", "AWS_USE_FIPS_ENDPOINT": "true"},
            "bedrock-fips.us-gov-west-1.amazonaws.com",
        ),
        ({"AWS_USE_DUALSTACK_ENDPOINT": "true"}, "bedrock.eu-west-1.api.aws"),
        (
            {"AWS_ENDPOINT_URL_BEDROCK": "https://bedrock.corp.example/aws"},
            "bedrock.corp.example",
        ),
    ],
)
async def test_no_proxy_is_compared_with_the_host_that_is_really_called(target_of, environ, host):
    client = await Clients().get("bedrock", target_of(environ={**PAIR, **environ}))
    url = client.meta.endpoint_url
    assert proxy_for(url, {"HTTPS_PROXY": PROXY, "NO_PROXY": host}) is None
    assert proxy_for(url, {"HTTPS_PROXY": PROXY, "NO_PROXY": f"other.{host}"}) == PROXY
