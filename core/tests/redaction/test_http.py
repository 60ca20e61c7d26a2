"""URLs as they may be shown."""

import re
import time

import pytest
from attrs import field, frozen
from hypothesis import given, settings
from hypothesis import strategies as st

from modelwire.config import Config
from modelwire.hookspecs import CredentialStatus
from modelwire.models import Model
from modelwire.redaction import shown_url, url_repr


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("http://host:8080/v1", "http://host:8080/v1"),
        ("http://usr:m4rk3d@host/v1", "http://host/v1"),
        ("http://m4rk3d@host", "http://host"),
        ("http://usr:m4@rk3d@host", "http://host"),
        ("http://usr:m4/rk3d@host/x", "http://host/x"),
        ("http://usr:m4?rk3d@host", "http://host"),
        ("http://usr:m4rk3d@[nonsense", "http://[nonsense"),
        ("http://host/@cf/meta", "http://host/@cf/meta"),
        ("http://host:80/@cf/meta", "http://host:80/@cf/meta"),
        ("http://[::1]:80/@me", "http://[::1]:80/@me"),
        ("https://host/?a=b&api_key=m4rk3d&c=d", "https://host/?a=b&api_key=<hidden>&c=d"),
        ("https://host/?%61pi_key=m4rk3d", "https://host/?%61pi_key=<hidden>"),
        ("no answer from http://u:m4rk3d@h, twice", "no answer from http://h, twice"),
        ("user@host: it is 5:30", "user@host: it is 5:30"),
        ("", ""),
    ],
)
def test_a_url_is_shown_without_a_login(url, shown):
    assert shown_url(url) == shown


def test_a_place_can_be_kept_for_the_login():
    assert shown_url("http://u:p@h", login="<hidden>@") == "http://<hidden>@h"


@settings(deadline=None, max_examples=300)
@given(st.text(st.characters(codec="utf-8", exclude_characters="/?#@\\ []"), max_size=20))
def test_no_password_of_a_url_is_shown(text):
    password = re.sub(r"\s", "", text)
    assert shown_url(f"http://user:m4rk3d{password}@host/v1") == "http://host/v1"


@pytest.mark.parametrize("part", ["http://a:b", "://", "?a=", "@", "http://x@", "://a:b/"])
def test_a_long_text_takes_no_long_time(part):
    began = time.monotonic()
    shown_url(part * (300_000 // len(part)))
    assert time.monotonic() - began < 20


def test_no_repr_shows_a_login():
    url = "http://usr:m4rk3d@host/v1"

    @frozen
    class Place:
        url: str | None = field(repr=url_repr)

    assert repr(Place(None)).endswith("Place(url=None)")
    entry = {"id": "m", "baseUrl": url, "compat": {"proxy": url}, "own": url, "params": {"u": url}}
    provider = {"baseUrl": url, "api": "x", "models": [entry], "request": {"proxy": url}}
    config = Config.from_document({"models": {"providers": {"p": provider}}}, environ={})
    model = Model("p", "m", base_url=url, params={"u": url}, extra={"u": url})
    for thing in (Place(url), config, config.provider("p"), config.provider("p").models[0], model):
        assert "m4rk3d" not in repr(thing)
    assert "host/v1" in repr(config.provider("p"))


def test_what_a_plugin_says_of_its_credentials_shows_no_login():
    url = "http://usr:m4rk3d@host/v1"
    status = CredentialStatus(
        "unusable", f"at {url}", f"{url} is away", f"Start {url}", details={"endpoint": url}
    )
    assert "m4rk3d" not in repr(status)
    assert status.details == {"endpoint": "http://host/v1"}
