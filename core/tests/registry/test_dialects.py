"""The dialects that plugins serve to clients, found by their API."""

import sys

import pytest

from modelwire.errors import PluginError
from modelwire.registry import load_dialect

DIALECT = """
    class Acme:
        api = "acme-chat"
        paths = {"/acme": None}
        beginnings = ("/acme",)
        media_type = "text/event-stream"
        provider = None
        needs_text = False

        def read(self, body, headers, model, upstream): ...
        def writer(self, request): ...
        def frame(self, event): ...
        def whole(self, message, request): ...
        def error(self, failure, request_id): ...
        def headers(self, request_id): ...
"""


def test_a_dialect_is_imported_when_its_api_is_wanted(site):
    module = site.install("acme", {"dialects": {"Acme-Chat": "acme_plugin:Acme"}}, source=DIALECT)
    registry = site.registry()
    assert list(registry.dialects()) == ["acme-chat"]
    assert module not in sys.modules
    assert load_dialect("acme-chat", registry).paths == {"/acme": None}


def test_an_api_that_no_plugin_or_two_serve_is_an_error(site):
    for name in ("one", "two"):
        site.install(name, {"dialects": {"acme-chat": f"{name}_plugin:Acme"}}, source=DIALECT)
    for api in ("acme-chat", "other"):
        with pytest.raises(PluginError, match=f"No plugin serves the API '{api}'") as caught:
            load_dialect(api, site.registry())
        assert "modelwire plugins" in caught.value.hint


def test_a_dialect_of_a_disabled_plugin_is_not_served(site):
    site.install("acme", {"dialects": {"acme-chat": "acme_plugin:Acme"}}, source=DIALECT)
    off = {"plugins": {"entries": {"acme": {"enabled": False}}}}
    assert site.registry(off).dialects() == {}


@pytest.mark.parametrize("value", ["acme_plugin:Acme", "acme_plugin:WORD", "acme_plugin:Missing"])
def test_what_is_no_dialect_of_the_claimed_api_is_the_plugins_fault(site, value):
    site.install("acme", {"dialects": {"other": value}}, source=DIALECT + '\n    WORD = "other"\n')
    with pytest.raises(PluginError, match="acme"):
        load_dialect("other", site.registry())
