"""The endpoint that a call is described with, and where it came from."""

import pytest

from modelwire.authoring import describe_endpoint
from modelwire.config import Config, ProviderConfig
from modelwire.models import Model

URL = "https://api.acme.example/v1/chat"
ENVIRON = {"ACME_BASE_URL": "https://elsewhere.example"}


@pytest.mark.parametrize(
    ("model_url", "provider_url", "environ", "source"),
    [
        (None, None, {}, "default"),
        (None, None, ENVIRON, "env: ACME_BASE_URL"),
        (None, "https://mine.example", ENVIRON, "models.providers.acme.baseUrl"),
        ("https://own.example", "https://mine.example", ENVIRON, "the model's baseUrl"),
        ("https://mine.example", "https://mine.example", {}, "models.providers.acme.baseUrl"),
    ],
)
def test_the_source_is_what_decided(model_url, provider_url, environ, source):
    described = describe_endpoint(
        URL,
        Model("acme", "m", base_url=model_url),
        ProviderConfig("acme", base_url=provider_url),
        Config.empty(environ),
        variable="ACME_BASE_URL",
    )
    assert described == {"endpoint": URL, "endpointSource": source}


def test_a_variable_that_the_provider_does_not_have_is_not_looked_at():
    given = (Model("acme", "m"), ProviderConfig("acme"), Config.empty(ENVIRON))
    assert describe_endpoint(URL, *given)["endpointSource"] == "default"


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://me:secret@acme.example/v1/@x", "https://acme.example/v1/@x"),
        ("https://acme.example/v1?api_key=secret", "https://acme.example/v1?api_key=<hidden>"),
    ],
)
def test_secrets_in_a_url_are_not_shown(url, shown):
    given = (Model("acme", "m"), ProviderConfig("acme"), Config.empty({}))
    assert describe_endpoint(url, *given)["endpoint"] == shown
