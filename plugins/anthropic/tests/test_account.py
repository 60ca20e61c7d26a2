"""Where requests go, as whom, and which models there are."""

import gc
import subprocess
import sys
from weakref import ref

import pytest

from modelwire.config import Config
from modelwire.errors import AuthenticationError, ConfigError, MalformedResponse
from modelwire.models import Model
from modelwire.testing import Reply
from modelwire_anthropic.account import resolve_account
from modelwire_anthropic.client import account_for
from modelwire_anthropic.credentials import detect
from modelwire_anthropic.describe import describe


def account(environ=None, provider="anthropic", **settings):
    document = {"models": {"providers": {provider: settings}}} if settings else {}
    config = Config.from_document(document, environ=environ or {})
    return resolve_account(config.provider(provider), config)


def test_the_usual_key_goes_to_the_usual_place():
    found = account({"ANTHROPIC_API_KEY": "sk-ant-1"})
    assert found.url("messages") == "https://api.anthropic.com/v1/messages"
    assert found.headers == {"anthropic-version": "2023-06-01", "x-api-key": "sk-ant-1"}
    assert found.key_source == "env: ANTHROPIC_API_KEY"
    assert "sk-ant-1" not in repr(found)


def test_a_token_goes_out_as_authorization():
    found = account({"ANTHROPIC_AUTH_TOKEN": "tok-12345"})
    assert found.headers["authorization"] == "Bearer tok-12345"
    assert "x-api-key" not in found.headers


@pytest.mark.parametrize(
    "written",
    [
        "http://gw:1/claude",
        "http://gw:1/claude/",
        "http://gw:1/claude/v1",
        "http://gw:1/claude/v1/messages",
    ],
)
def test_an_address_may_be_written_in_every_usual_way(written):
    found = account({"ANTHROPIC_BASE_URL": written, "ANTHROPIC_API_KEY": "sk-ant-1"})
    assert found.url("messages") == "http://gw:1/claude/v1/messages"


def test_headers_of_the_configuration_win():
    found = account(
        {"ANTHROPIC_API_KEY": "sk-ant-1"}, headers={"X-Api-Key": "own", "Anthropic-Version": "x"}
    )
    assert found.headers == {"anthropic-version": "x", "x-api-key": "own"}


def test_a_provider_of_ones_own_never_gets_the_key_of_another():
    keys = {"ANTHROPIC_API_KEY": "sk-ant-1"}
    with pytest.raises(AuthenticationError) as caught:
        account(keys, "house", baseUrl="https://house.example", api="anthropic-messages")
    assert "HOUSE_API_KEY" in caught.value.hint
    found = account({**keys, "HOUSE_API_KEY": "h-1234567"}, "house", baseUrl="https://h.example")
    assert found.headers["x-api-key"] == "h-1234567"


@pytest.mark.parametrize("url", ["ftp://x", "nonsense", "http://"])
def test_an_address_that_is_none_is_named(url):
    with pytest.raises(ConfigError) as caught:
        account(baseUrl=url, apiKey="k")
    assert "models.providers.anthropic.baseUrl" in caught.value.hint


def test_a_provider_of_ones_own_needs_an_address():
    with pytest.raises(ConfigError, match="has no base URL"):
        account(None, "house", apiKey="k")


@pytest.mark.parametrize("probe", [False, True])
def test_a_login_in_the_address_is_not_shown(server, wire, probe):
    server.always(wire.listing(["claude-1"]))
    base_url = server.url.replace("//", "//me:secret-login@")
    settings = {"baseUrl": base_url, "apiKey": "k-123456"}
    document = {"models": {"providers": {"anthropic": settings}}}
    config = Config.from_document(document, environ={})
    found = detect(config.provider("anthropic"), config, probe=probe, timeout=10)
    assert found.details["endpoint"] == server.url
    assert "secret-login" not in repr(found)
    described = describe(Model("anthropic", "m"), config.provider("anthropic"), config)
    assert described["endpoint"] == f"{server.url}/v1/messages"


def test_without_a_key_detection_says_which_variable():
    config = Config.empty({})
    status = detect(config.provider("anthropic"), config, probe=False, timeout=1)
    assert (status.state, status.source) == ("unusable", None)
    assert "ANTHROPIC_API_KEY" in status.hint


@pytest.mark.parametrize(
    ("status", "state"), [(200, "usable"), (401, "unusable"), (500, "unknown")]
)
def test_a_probe_asks_the_service(server, wire, status, state):
    reply = wire.listing(["claude-1"]) if status == 200 else wire.refuse(status, "No.")
    server.script(reply)
    document = {"models": {"providers": {"anthropic": {"baseUrl": server.url, "apiKey": "k-123"}}}}
    config = Config.from_document(document, environ={})
    found = detect(config.provider("anthropic"), config, probe=True, timeout=10)
    assert found.state == state
    assert server.requests[0].target == "/v1/models?limit=1"


async def test_models_are_listed_page_by_page_with_what_they_can_do(runtime, server):
    able = {
        "thinking": {"supported": True, "types": {"adaptive": {"supported": True}}},
        "effort": {"supported": True, "low": {"supported": True}, "max": {"supported": False}},
        "image_input": {"supported": True},
        "pdf_input": {"supported": True},
        "structured_outputs": {"supported": True},
    }
    first = {
        "data": [
            {
                "id": "claude-a",
                "display_name": "Claude A",
                "max_input_tokens": 200_000,
                "max_tokens": 64_000,
                "capabilities": able,
            },
            {"no": "id"},
        ],
        "has_more": True,
        "last_id": "claude-a",
    }
    second = {"data": [{"id": "claude-b"}], "has_more": False, "last_id": "claude-b"}
    server.script(*(Reply([_json(page)]) for page in (first, second)))
    async with runtime() as live:
        (listing,) = await live.catalog.listings(["anthropic"])
    a, b = listing.models
    assert (a.name, a.context_window, a.max_tokens, a.reasoning) == (
        "Claude A",
        200_000,
        64_000,
        True,
    )
    assert a.input == ("text", "image", "document")
    assert a.extra == {
        "thinkingTypes": ["adaptive"],
        "efforts": ["low"],
        "structuredOutputs": True,
    }
    assert (b.id, b.context_window, b.reasoning) == ("claude-b", None, None)
    assert [r.target for r in server.requests] == [
        "/v1/models?limit=1000",
        "/v1/models?limit=1000&after_id=claude-a",
    ]


async def test_a_list_that_is_none_is_an_error(runtime, server):
    server.script(Reply([b'{"data": 5}']))
    async with runtime() as live:
        (listing,) = await live.catalog.listings(["anthropic"])
    assert isinstance(listing.error, MalformedResponse)


def test_importing_the_plugin_imports_nothing_heavy():
    program = (
        "import modelwire_anthropic.plugin, sys; "
        "print(*{'aiohttp', 'msgspec', 'asyncio'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert (done.returncode, done.stdout.strip()) == (0, "")


def _json(data):
    import json

    return json.dumps(data).encode()


def test_the_account_of_a_model_is_kept_as_long_as_its_configuration():
    model = Model("anthropic", "m")
    for key in ("sk-ant-1", "sk-ant-2"):
        config = Config.from_document({}, environ={"ANTHROPIC_API_KEY": key})
        provider = config.provider("anthropic")
        found = account_for(provider, config, model)
        assert found.headers["x-api-key"] == key
        assert account_for(provider, config, model) is found
        elsewhere = Model("anthropic", "m", base_url="http://gw:1")
        assert account_for(provider, config, elsewhere).base_url == "http://gw:1"
    kept = ref(found)
    del config, provider, found
    gc.collect()
    assert kept() is None
