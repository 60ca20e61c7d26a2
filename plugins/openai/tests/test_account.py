"""The address and the credentials of requests."""

import gc
import tomllib
from pathlib import Path
from weakref import ref

import pytest

from modelwire.config import Config
from modelwire.errors import AuthenticationError, ConfigError
from modelwire.models import Model
from modelwire_openai.account import default_api, key_variables, resolve_account
from modelwire_openai.client import account_for
from modelwire_openai.compat import Compat
from modelwire_openai.model_compat import compat_for
from modelwire_openai.servers import SERVERS, server_of

CLOUD = [server for server in SERVERS if not server.local]
LOCAL = [server for server in SERVERS if server.local]


def account_of(provider_id, environ=None, model=None, params=None, **settings):
    document = {"models": {"providers": {provider_id: settings}}} if settings else {}
    config = Config.from_document(document, environ=environ or {})
    return resolve_account(config.provider(provider_id), config, model, params)


class TestKnownServices:
    @pytest.mark.parametrize("server", CLOUD, ids=lambda server: server.id)
    def test_a_key_is_all_that_is_needed(self, server):
        account = account_of(server.id, {server.key_variables[0]: " key-1234 "})
        assert account.url("models").startswith(server.base_url)
        assert account.headers["Authorization"] == "Bearer key-1234"
        assert account.key_source == f"env: {server.key_variables[0]}"
        assert account.compat == server.compat

    @pytest.mark.parametrize("server", CLOUD, ids=lambda server: server.id)
    def test_without_one_the_variable_is_named(self, server):
        with pytest.raises(AuthenticationError) as caught:
            account_of(server.id)
        assert server.key_variables[0] in caught.value.hint
        assert f"models.providers.{server.id}.apiKey" in caught.value.hint

    @pytest.mark.parametrize("server", LOCAL, ids=lambda server: server.id)
    def test_servers_of_ones_own_need_none_wherever_they_are(self, server):
        assert "Authorization" not in account_of(server.id).headers
        account = account_of(server.id, baseUrl="http://gpu.example:9000")
        assert account.url("models") == "http://gpu.example:9000/v1/models"
        assert account.compat == server.compat

    def test_every_row_is_claimed(self):
        project = Path(__file__).parents[1] / "pyproject.toml"
        claims = tomllib.loads(project.read_text())["project"]["entry-points"]
        assert set(claims["modelwire.providers"]) == {server.id for server in SERVERS}

    def test_no_two_rows_have_one_key_variable(self):
        names = [name for server in SERVERS for name in server.key_variables]
        assert len(names) == len(set(names))


class TestProvidersOfTheUsersOwn:
    def test_the_key_of_openai_is_never_sent_elsewhere(self):
        with pytest.raises(AuthenticationError) as caught:
            account_of("acme", {"OPENAI_API_KEY": "sk-secret"}, baseUrl="https://acme.example/v1")
        assert "ACME_API_KEY" in caught.value.hint

    @pytest.mark.parametrize(
        "host", ["localhost:1", "127.0.0.1:1", "127.9.9.9", "[::1]:8080", "0.0.0.0:1", "[::ffff:127.0.0.1]:1", "a.localhost"]
    )  # fmt: skip
    def test_loopback_needs_no_key(self, host):
        assert account_of("acme", baseUrl=f"http://{host}/v1").headers == {}

    @pytest.mark.parametrize("host", ["localhost.example", "10.0.0.1", "128.0.0.1", "[::2]"])
    def test_anything_else_does(self, host):
        with pytest.raises(AuthenticationError):
            account_of("acme", baseUrl=f"http://{host}/v1")

    def test_the_variable_follows_from_the_id(self):
        assert key_variables("my-acme.v2") == ("MY_ACME_V2_API_KEY",)
        account = account_of("acme", {"ACME_API_KEY": "abc"}, baseUrl="https://acme.example/v1")
        assert account.api_key == "abc"

    def test_without_an_address_there_is_none(self):
        with pytest.raises(ConfigError) as caught:
            account_of("acme", api="openai-completions")
        assert "models.providers.acme.baseUrl" in caught.value.hint

    def test_at_a_known_address_the_deviations_are_known(self):
        account = account_of("mine", baseUrl="https://api.groq.com/openai/v1", apiKey="k")
        assert account.compat == server_of("groq").compat


class TestKeys:
    def test_the_configured_key_comes_before_the_environment(self):
        account = account_of("openai", {"OPENAI_API_KEY": "from-env"}, apiKey="from-config")
        assert (account.api_key, account.key_source) == (
            "from-config",
            "models.providers.openai.apiKey",
        )

    def test_a_configured_variable_is_looked_up(self):
        assert account_of("openai", {"WORK_KEY": "abc"}, apiKey="${WORK_KEY}").api_key == "abc"
        assert account_of("openai", {"WORK_KEY": "abc"}, apiKey="WORK_KEY").api_key == "abc"

    def test_another_source_of_secrets_is_refused(self):
        with pytest.raises(ConfigError):
            account_of("openai", apiKey={"source": "exec", "id": "x"})

    def test_a_header_of_the_users_own_is_enough(self):
        account = account_of("openai", headers={"authorization": "Token x"})
        assert dict(account.headers) == {"authorization": "Token x"}
        assert account.api_key is None

    def test_a_header_may_be_named_for_the_key(self):
        auth = {"mode": "header", "headerName": "X-Key", "value": "abc", "prefix": "Token "}
        assert account_of("openai", request={"auth": auth}).headers["X-Key"] == "Token abc"

    def test_a_bearer_token_may_be_given_with_the_request(self):
        auth = {"mode": "authorization-bearer", "token": "abc"}
        assert account_of("openai", request={"auth": auth}).headers["Authorization"] == "Bearer abc"

    def test_no_key_is_sent_where_the_user_says_so(self):
        account = account_of("openai", {"OPENAI_API_KEY": "abc"}, authHeader=False)
        assert "Authorization" not in account.headers

    def test_it_is_in_no_repr(self):
        account = account_of("openai", apiKey="sk-secret-key", headers={"X-Other": "other-secret"})
        assert "secret" not in repr(account)


class TestHeaders:
    def test_organisation_and_project_come_from_the_environment(self):
        environ = {"OPENAI_API_KEY": "k", "OPENAI_ORG_ID": "org-1", "OPENAI_PROJECT_ID": "proj-1"}
        headers = account_of("openai", environ).headers
        assert (headers["OpenAI-Organization"], headers["OpenAI-Project"]) == ("org-1", "proj-1")
        assert (
            "OpenAI-Organization"
            not in account_of("groq", {**environ, "GROQ_API_KEY": "k"}).headers
        )

    def test_parameters_come_before_it(self):
        environ = {"OPENAI_API_KEY": "k", "OPENAI_ORG_ID": "org-1"}
        headers = account_of(
            "openai", environ, params={"organization": "org-2", "project": "p"}
        ).headers
        assert (headers["OpenAI-Organization"], headers["OpenAI-Project"]) == ("org-2", "p")

    def test_the_more_exact_place_wins_in_whatever_case(self):
        model = Model("openai", "m", headers={"x-team": "model"})
        headers = account_of(
            "openai", model=model, apiKey="k", headers={"X-Team": "provider", "X-A": "1"}, request={"headers": {"X-B": "2"}}
        ).headers  # fmt: skip
        assert dict(headers) == {
            "Authorization": "Bearer k",
            "X-A": "1",
            "X-B": "2",
            "x-team": "model",
        }


class TestAddresses:
    @pytest.mark.parametrize(
        ("written", "url"),
        [
            ("https://a.example/v1", "https://a.example/v1/chat/completions"),
            ("https://a.example/v1/", "https://a.example/v1/chat/completions"),
            ("https://a.example", "https://a.example/chat/completions"),
            ("https://a.example/v1/chat/completions", "https://a.example/v1/chat/completions"),
            ("https://a.example/v1?key=1", "https://a.example/v1/chat/completions?key=1"),
        ],
    )
    def test_a_base_url_is_understood(self, written, url):
        assert account_of("acme", apiKey="k", baseUrl=written).url("chat/completions") == url

    def test_that_of_the_model_comes_first(self):
        model = Model("openai", "m", base_url="https://b.example/v1")
        account = account_of("openai", model=model, apiKey="k", baseUrl="https://a.example/v1")
        assert account.url("x") == "https://b.example/v1/x"

    def test_openai_base_url_is_read_for_openai_only(self):
        environ = {
            "OPENAI_BASE_URL": "https://p.example/v1",
            "OPENAI_API_KEY": "k",
            "GROQ_API_KEY": "k",
        }
        assert account_of("openai", environ).url("x") == "https://p.example/v1/x"
        assert account_of("groq", environ).url("x") == "https://api.groq.com/openai/v1/x"

    def test_what_is_no_url_is_refused(self):
        with pytest.raises(ConfigError):
            account_of("acme", apiKey="k", baseUrl="https://[")


class TestAzure:
    BASE = "https://me.openai.azure.com/openai/deployments/d"

    def test_the_key_goes_in_its_own_header(self):
        headers = account_of("azure", apiKey="k", baseUrl=self.BASE).headers
        assert dict(headers) == {"api-key": "k"}

    def test_a_token_goes_where_the_user_says(self):
        headers = account_of("azure", apiKey="k", baseUrl=self.BASE, authHeader=True).headers
        assert dict(headers) == {"Authorization": "Bearer k"}

    @pytest.mark.parametrize(
        ("environ", "settings", "query"),
        [
            ({}, {"params": {"apiVersion": "2024-10-21"}}, "2024-10-21"),
            ({"OPENAI_API_VERSION": "2024-10-21"}, {}, "2024-10-21"),
            (
                {"OPENAI_API_VERSION": "no"},
                {"baseUrl": f"{BASE}?api-version=2024-10-21"},
                "2024-10-21",
            ),
        ],
    )
    def test_the_version_is_in_the_query(self, environ, settings, query):
        account = account_of("azure", environ, **{"apiKey": "k", "baseUrl": self.BASE, **settings})
        assert (
            account.url("chat/completions") == f"{self.BASE}/chat/completions?api-version={query}"
        )

    @pytest.mark.parametrize(
        ("params", "url"),
        [
            ({}, "https://me.openai.azure.com/openai/v1/chat/completions"),
            (
                {"apiVersion": "2024-10-21"},
                "https://me.openai.azure.com/openai/deployments/d/chat/completions?api-version=2024-10-21",
            ),
        ],
    )
    def test_the_bare_resource_is_enough(self, params, url):
        model = Model("azure", "d")
        account = account_of(
            "azure", model=model, params=params, apiKey="k", baseUrl="https://me.openai.azure.com"
        )
        assert account.url("chat/completions") == url

    def test_it_is_openai(self):
        account = account_of("azure", apiKey="k", baseUrl=self.BASE)
        assert account.is_openai
        assert account.compat == Compat()


class TestTheDefaultApi:
    @pytest.mark.parametrize(
        ("provider_id", "settings", "api"),
        [
            ("openai", {}, "openai-responses"),
            ("openai", {"baseUrl": "https://proxy.example/v1"}, "openai-completions"),
            ("openai", {"baseUrl": "https://me.openai.azure.com/openai/v1"}, "openai-responses"),
            ("groq", {}, "openai-completions"),
            ("ollama", {}, "openai-completions"),
            ("acme", {"baseUrl": "https://acme.example"}, "openai-completions"),
        ],
    )
    def test_it_is_that_of_the_service_at_its_own_place(self, provider_id, settings, api):
        config = Config.from_document(
            {"models": {"providers": {provider_id: settings}}}, environ={}
        )
        assert default_api(config.provider(provider_id), config) == api


class TestCompat:
    def test_the_models_block_comes_before_the_providers(self):
        config = Config.from_document(
            {
                "models": {
                    "providers": {
                        "groq": {"compat": {"maxTokensField": "max_tokens", "supportsStore": True}}
                    }
                }
            },
            environ={},
        )
        model = Model(
            "groq",
            "m",
            extra={"compat": {"supportsStore": False, "supportsUsageInStreaming": False}},
        )
        compat = compat_for(
            server_of("groq"), server_of("groq").compat, config.provider("groq"), model
        )
        assert (compat.max_tokens_field, compat.supports_store) == ("max_tokens", False)
        assert not compat.supports_usage_in_streaming

    @pytest.mark.parametrize(
        "settings",
        [
            {"unknownKey": 1}, {"supportsStore": "yes"}, {"maxTokensField": "tokens"}, {"thinkingFormat": 3},
            {"reasoningEffortMap": []}, {"supportedReasoningEfforts": "low"}, {"unsupportedToolSchemaKeywords": [1]},
        ],
    )  # fmt: skip
    def test_what_is_not_understood_is_left_alone(self, settings):
        assert Compat().overridden(settings) == Compat()

    def test_every_kind_of_value_can_be_set(self):
        compat = Compat().overridden(
            {
                "supportsStore": False, "thinkingFormat": "qwen", "reasoningEffortMap": {"low": "little"},
                "unsupportedToolSchemaKeywords": ["pattern"], "openRouterRouting": {"only": ["a"]},
            }
        )  # fmt: skip
        assert compat == Compat(
            supports_store=False,
            thinking_format="qwen",
            reasoning_effort_map={"low": "little"},
            unsupported_tool_schema_keywords=("pattern",),
            open_router_routing={"only": ["a"]},
        )

    def test_groqs_qwen_knows_one_effort(self):
        config = Config.empty({})
        model = Model("groq", "qwen/qwen3-32b")
        compat = compat_for(
            server_of("groq"), server_of("groq").compat, config.provider("groq"), model
        )
        assert set(compat.reasoning_effort_map.values()) == {"default", "none"}


@pytest.mark.parametrize("provider", ["ollama", "my-box"])
@pytest.mark.parametrize(
    "written",
    [
        "http://127.0.0.1:11434",
        "http://127.0.0.1:11434/",
        "http://127.0.0.1:11434/api",
        "http://127.0.0.1:11434/v1",
    ],
)
def test_the_api_of_ollama_is_spoken_at_v1(provider, written):
    account = account_of(provider, baseUrl=written, api="ollama")
    assert account.url("chat/completions") == "http://127.0.0.1:11434/v1/chat/completions"
    assert account.compat == server_of("ollama").compat


def test_ollama_elsewhere_needs_no_key():
    account = account_of("my-box", baseUrl="http://gpu.example:11434", api="ollama")
    assert account.url("models") == "http://gpu.example:11434/v1/models"


class TestWhatIsKept:
    """The account of a model is kept for its next call, and for no other."""

    def configured(self, key, **settings):
        document = {"models": {"providers": {"acme": {"baseUrl": "http://a/v1", **settings}}}}
        config = Config.from_document(document, environ={"ACME_API_KEY": key})
        return config.provider("acme"), config

    def test_a_call_that_is_alike_has_the_same_account(self):
        provider, config = self.configured("key-one")
        model = Model("acme", "m")
        first = account_for(provider, config, model, {"top_k": 5})
        assert account_for(provider, config, model, {}) is first

    def test_another_key_base_url_model_or_parameter_has_another(self):
        model = Model("acme", "m")
        for key in ("key-one", "key-two"):
            account = account_for(*self.configured(key), model, {})
            assert account.headers["Authorization"] == f"Bearer {key}"
        provider, config = self.configured("key-one", baseUrl="http://b/v1")
        assert account_for(provider, config, model, {}).url("x") == "http://b/v1/x"
        elsewhere = Model("acme", "m", base_url="http://c/v1", headers={"X-Team": "c"})
        account = account_for(provider, config, elsewhere, {})
        assert (account.url("x"), account.headers["X-Team"]) == ("http://c/v1/x", "c")
        for team in ("t-1", "t-2"):
            account = account_for(provider, config, model, {"organization": team})
            assert account.headers["OpenAI-Organization"] == team
        assert "OpenAI-Organization" not in account_for(provider, config, model, {}).headers

    def test_no_key_outlives_its_configuration(self):
        provider, config = self.configured("key-one")
        account = ref(account_for(provider, config, Model("acme", "m"), {}))
        del provider, config
        gc.collect()
        assert account() is None
