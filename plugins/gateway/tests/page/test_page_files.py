"""The files of the page: what is served to whom, and under which policy."""

import re
from importlib.resources import files

import pytest
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.testclient import TestClient

from modelwire.runtime import Runtime
from modelwire_gateway import Settings, app
from modelwire_gateway.access.caller import OpenAccess
from modelwire_gateway.page.files import _TYPES

STATIC = files("modelwire_gateway.page").joinpath("static")
NAMES = sorted(each.name for each in STATIC.iterdir())
TEXTS = {name: STATIC.joinpath(name).read_text(encoding="utf-8") for name in NAMES}


async def fetch(gateway, path, **headers):
    async with gateway.session.get(gateway.url + path, headers=headers) as answer:
        return answer.status, answer.headers, await answer.text()


def test_every_file_is_served():
    assert sorted(_TYPES) == NAMES


async def test_the_page_needs_no_key_and_lets_nothing_in_from_elsewhere(gateway):
    for path in ["/", *(f"/ui/{name}" for name in NAMES if name != "index.html")]:
        status, headers, text = await fetch(gateway, path)
        assert (status, text) == (200, TEXTS[path.removeprefix("/ui/").strip("/") or "index.html"])
        policy = headers["content-security-policy"].split("; ")
        assert "default-src 'none'" in policy
        assert "script-src 'self'" in policy
        assert not [each for each in policy if "unsafe" in each or "http" in each or "*" in each]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert "set-cookie" not in headers


async def test_a_file_that_has_not_changed_is_not_sent_again(gateway):
    _, headers, _ = await fetch(gateway, "/ui/page.js")
    status, again, text = await fetch(gateway, "/ui/page.js", **{"if-none-match": headers["etag"]})
    assert (status, text, again["etag"]) == (304, "", headers["etag"])


@pytest.mark.parametrize(
    "name", ["index.html", "no.js", "__init__.py", "..%2Fapi.py", "static%2Fpage.js", "page.js%00"]
)
async def test_there_are_no_other_files(gateway, name):
    assert (await fetch(gateway, f"/ui/{name}"))[0] == 404


async def test_another_host_name_is_refused_on_loopback(gateway):
    assert (await fetch(gateway, "/", host="rebound.example"))[0] == 421


def test_it_names_no_other_host_and_makes_no_markup_of_texts():
    for name, text in TEXTS.items():
        found = set(re.findall(r"(?:https?:)?//[\w.-]+\.\w+[^\s\"']*", text))
        assert found <= {"http://www.w3.org/2000/svg"}, name
        for made in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("):
            assert made not in text, name
        assert "localStorage" not in text
        assert "cookie" not in text.replace("or a cookie", "")
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\son\w+=|\sstyle=", TEXTS["index.html"])


def test_it_can_be_mounted_under_a_path():
    gateway = app(Runtime.from_config({}), Settings(), OpenAccess("mw-test"))
    client = TestClient(Starlette(routes=[Mount("/models", gateway)]), base_url="http://localhost")
    page = client.get("/models/")
    assert page.status_code == 200
    for path in re.findall(r'(?:href|src)="([^"]+)"', page.text):
        assert client.get(f"/models/{path}").status_code == 200
