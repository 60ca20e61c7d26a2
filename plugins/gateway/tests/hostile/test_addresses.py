"""Paths, hosts, methods and header fields that no client should send: refused in the words of the API."""

import gzip
import itertools
import json

import pytest
from gateway_server import KEY, MODEL
from raw_http import exchange, head

WORDS = {
    "/v1/chat/completions": lambda body: body["error"]["message"],
    "/v1/messages": lambda body: body["error"]["message"],
    "/model/a/converse": lambda body: body["message"],
}


async def asked(gateway, method, path, *fields, body=b"", **more):
    length = [f"Content-Length: {len(body)}"] if method == "POST" else []
    return await exchange(gateway.url, head(method, path, *fields, *length, **more) + body)


PATHS = [
    "/v1/messages/",
    "/v1/embeddings/",
    "/healthz/",
    "//v1/messages",
    "/v1//messages",
    "/V1/messages",
    "/v1/messages%2f",
    "/v1/messages%00",
    "/v1/./messages",
    "/ui/../../etc/passwd",
    "/ui/..%2f..%2fapplication.py",
    "/ui/%2e%2e/page.css",
    "/ui/index.html",
    "/ui/page.css%00.js",
    "/ui//etc/passwd",
    "/none%0d%0aX-Injected:%201",
    "/none%1b[31m%e2%80%ae",
    "/none%ff%fe%ed%a0%80",
    "/none?key=" + "a" * 5000,
    "/" + "a" * 20_000,
    "http://evil.example/none",
    "*",
]


async def test_a_path_that_there_is_not_is_404_and_no_redirect(gateway):
    for method, path in itertools.product(("GET", "POST", "OPTIONS"), PATHS):
        answer = await asked(gateway, method, path)
        assert answer.status in (404, 405), (method, path)
        assert "location" not in answer.fields
        assert "x-injected" not in answer.fields
        assert json.loads(answer.body)["error"]["message"].endswith("is not served.")
        assert len(answer.body) < 2000


METHODS = ["HEAD", "OPTIONS", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND"]


async def test_a_method_that_there_is_not_is_405(gateway):
    for method, path in itertools.product(METHODS, [*WORDS, "/v1/models", "/metrics", "/"]):
        if method == "HEAD" and path not in WORDS:
            continue  # where GET is served, HEAD is as well
        answer = await asked(gateway, method, path)
        assert answer.status == 405, (method, path)
        assert answer.fields["allow"]
        assert KEY.encode() not in answer.body


HOSTS = [
    ["evil.example"],
    ["localhost.evil.example"],
    ["127.0.0.1.nip.io"],
    ["localhost@evil.example"],
    ["evil.example@localhost"],
    ["evil.example:localhost"],
    ["localhost:localhost"],
    ["[::1"],
    ["[::1]evil.example"],
    ["[evil]"],
    ["localhost:80:80"],
    ["localhost/evil.example"],
    ["localhost", "evil.example"],
    ["evil.example", "localhost"],
    ["localhost", "localhost"],
    ["0.0.0.0"],
    ["127.0.0.1\xe4"],
    [""],
    [],
]


async def test_another_host_is_refused_on_loopback(gateway):
    for path, hosts in itertools.product(WORDS, HOSTS):
        fields = [f"Host: {each}" for each in hosts]
        answer = await asked(gateway, "POST", path, *fields, host=None)
        assert answer.status == 421, (path, hosts)
        assert WORDS[path](json.loads(answer.body)) == "This host name is not served here."


async def test_loopback_s_own_names_are_served(gateway):
    for host in ("localhost", "LOCALHOST:1", "127.0.0.1", "127.0.0.1:", "[::1]", "[::1]:8484"):
        assert (await asked(gateway, "GET", "/healthz", host=host)).status == 200, host


async def test_two_keys_in_one_field_are_refused(gateway):
    paths = ("/v1/models", "/ui/api/status", "/v1/models/default", "/metrics")
    for path, name in itertools.product(paths, ("Authorization: Bearer ", "x-api-key: ")):
        proxied = ("Via: 1.1 a",)  # else /metrics is open to this machine
        for keys in (("mw-other", KEY), (KEY, "mw-other")):
            fields = [name + key for key in keys]
            answer = await asked(gateway, "GET", path, *proxied, *fields, key=None)
            assert answer.status == 401, (path, name)
            assert b"must not be repeated" in answer.body
        same = await asked(gateway, "GET", path, *proxied, name + KEY, name + KEY, key=None)
        assert same.status == 200


async def test_a_bearer_token_comes_before_x_api_key(gateway):
    """SDKs send both where both variables are set; a good one does not make up for a wrong one."""
    answer = await asked(gateway, "GET", "/v1/models", f"x-api-key: {KEY}", key="mw-other")
    assert answer.status == 401
    answer = await asked(gateway, "GET", "/v1/models", "x-api-key: mw-other")
    assert answer.status == 200


async def test_a_key_in_an_address_or_a_cookie_is_not_taken(gateway):
    for name in ("key", "api_key", "access_token", "x-api-key", "authorization"):
        for where in (f"/v1/models?{name}={KEY}", "/v1/models"):
            answer = await asked(gateway, "GET", where, f"Cookie: {name}={KEY}", key=None)
            assert answer.status == 401
            assert KEY.encode() not in answer.body


async def test_a_compressed_body_is_refused(gateway):
    bomb = gzip.compress(b" " * 10_000_000)
    encodings = ("gzip", "GZIP", "deflate", "br", "zstd", "gzip, gzip", "identity, gzip", "x")
    for path, encoding in itertools.product(WORDS, encodings):
        answer = await asked(gateway, "POST", path, f"Content-Encoding: {encoding}", body=bomb)
        assert answer.status == 415, (path, encoding)
        assert "compressed" in WORDS[path](json.loads(answer.body))


async def test_the_body_is_read_as_json_whatever_its_type(gateway, emulator):
    body = json.dumps({"model": MODEL, "messages": [{"role": "user", "content": "Hi"}]}).encode()
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "\xff"):
        emulator.answer("Hi.")
        answer = await asked(
            gateway, "POST", "/v1/chat/completions", f"Content-Type: {kind}", body=body
        )
        assert answer.status == 200


NAMES = {
    "nosuch/model": 404,
    "nosuch": 404,
    "%20": 400,
    "": 400,
    "a" * 2049: 400,
    "amazon-bedrock/": 404,
    "%1b[31mred": 404,
    "a%00b": 404,
    "../../v1/models": 404,
}


async def test_a_model_that_there_is_not(gateway, caplog):
    for name, status in NAMES.items():
        answer = await asked(gateway, "GET", f"/v1/models/{name}")
        assert answer.status == status, (name, answer.body)
    assert caplog.messages == []


@pytest.mark.parametrize(
    "path", ["/v1/chat/completions", "/v1/responses", "/v1/messages", "/v1/embeddings"]
)
async def test_a_name_that_is_no_model_s(gateway, caplog, path):
    """What it is repeated in, answers and logs, stays short and in one line."""
    names = {
        "x" * 2049: 400,
        "amazon-bedrock/" + "x" * 900_000: 400,
        "nosuch/model": 404,
        "a\x00\x1b[31m\nb": 404,
        " ": 400,
    }
    for name, due in names.items():
        status, _, body = await gateway.post(path, {"model": name})
        assert status == due, (name, body)
        assert len(json.dumps(body)) < 10_000
    assert caplog.messages == []
    assert all(each.name is None or len(each.name) <= 2048 for each in gateway.records)
