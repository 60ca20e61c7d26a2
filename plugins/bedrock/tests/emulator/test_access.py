"""Who may call the emulator: no other host name, no web page, and before an upstream no stranger."""

import json
import os
import re
import signal
import socket
import subprocess
import sys

import pytest
import urllib3
from botocore.exceptions import ClientError

from modelwire_bedrock.emulator import CREDENTIALS, Emulator, EmulatorError, Upstream
from modelwire_bedrock.emulator.access import is_loopback
from modelwire_bedrock.emulator.auth import new_bearer_token, new_credentials

NOVA = "us.amazon.nova-lite-v1:0"
HELLO = [{"role": "user", "content": [{"text": "Hello"}]}]
COMMAND = [sys.executable, "-m", "modelwire", "bedrock", "emulate"]
MADE_UP = (
    "AWS4-HMAC-SHA256 Credential=AKIAANYTHING/20261128/us-east-1/bedrock/aws4_request, "
    "SignedHeaders=host;x-amz-date, Signature=00"
)


def post(emulator, address=None, **headers):
    """Ask; return the status and the message."""
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    url = f"http://{address or emulator.host}:{emulator.port}/model/{NOVA}/converse"
    with urllib3.PoolManager() as pool:
        body = json.dumps({"messages": HELLO})
        answer = pool.request("POST", url, body=body, headers=headers, retries=False)
    return answer.status, answer.json().get("message")


@pytest.mark.parametrize(
    "host",
    [
        *("localhost", "LOCALHOST:80", "a.localhost", "127.0.0.1:9", "127.8.9.1", "[::1]:8377"),
        *("localhost.", "[::ffff:127.0.0.1]"),
    ],
)
def test_loopback_is_called_by_all_of_its_names_and_any_port(emulator, host):
    assert post(emulator, host=host)[0] == 200


@pytest.mark.parametrize(
    "host",
    [
        *("evil.example", "evil.example:8377", "127.0.0.1.evil.example", "localhost.evil.example"),
        *("10.0.0.1", "[::2]", "", "[", "localhost, evil.example", "0.0.0.0"),
    ],
)
def test_another_host_name_is_refused(emulator, host):
    status, message = post(emulator, host=host)
    assert status == 403
    assert "--allow-host" in message
    assert emulator.requests[-1].error == "AccessDeniedException"


def test_a_request_without_a_host_is_refused(emulator):
    with socket.create_connection((emulator.host, emulator.port)) as plug:
        plug.sendall(b"GET /foundation-models HTTP/1.0\r\n\r\n")
        assert b"403" in plug.recv(1000)


def test_a_host_name_can_be_allowed():
    with Emulator(allow_hosts=["Bedrock"]) as emulator:
        assert post(emulator, host="bedrock:8377")[0] == 200
        assert post(emulator, host="other:8377")[0] == 403


def test_every_address_at_which_it_listens_is_a_name_of_it():
    with Emulator(host="0.0.0.0") as emulator:
        assert post(emulator, "127.0.0.1", host=f"0.0.0.0:{emulator.port}")[0] == 200
        assert post(emulator, "127.0.0.1", host="evil.example")[0] == 403


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"origin": "http://localhost:3000"},
        {"sec_fetch_site": "cross-site"},
        {"sec_fetch_site": "same-site"},
        {"sec_fetch_site": "cross-site", "origin": "http://evil.example"},
    ],
)
def test_a_web_page_of_another_origin_is_refused(emulator, headers):
    status, message = post(emulator, **headers)
    assert (status, message) == (403, "Requests of web pages from another origin are refused.")


@pytest.mark.parametrize("site", ["none", "same-origin"])
def test_what_a_person_opens_in_a_browser_is_answered(emulator, site):
    assert post(emulator, sec_fetch_site=site, origin=emulator.url)[0] == 200


@pytest.fixture
def proxy(monkeypatch):
    """An emulator in front of a service, which is asked with keys that no client has."""
    keys = new_credentials()
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", keys.access_key_id)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", keys.secret_access_key)
    with (
        Emulator(require_auth=True, credentials=[keys]) as service,
        Emulator(upstream=Upstream(service.url)) as proxy,
    ):
        yield service, proxy


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 403),
        ({"authorization": MADE_UP, "x_amz_date": "20261128T000000Z"}, 403),
        ({"authorization": "Bearer bedrock-api-key-emulator"}, 403),
        ({"authorization": "Bearer bedrock-api-key-anything"}, 403),
        ({"authorization": MADE_UP, "host": "evil.example"}, 403),
    ],
)
def test_a_stranger_does_not_reach_the_upstream(proxy, headers, status):
    service, emulator = proxy
    assert post(emulator, **headers)[0] == status
    assert service.requests == []


def test_neither_the_example_key_nor_another_run_s_key_reaches_the_upstream(proxy, client_of):
    service, emulator = proxy
    pairs = [CREDENTIALS, new_credentials()]
    known = emulator.service.authenticator.credentials[0]
    for key_id, secret in [
        *((pair.access_key_id, pair.secret_access_key) for pair in pairs),
        (known.access_key_id, "wrong"),
    ]:
        client = client_of(emulator, aws_access_key_id=key_id, aws_secret_access_key=secret)
        with pytest.raises(ClientError):
            client.converse(modelId=NOVA, messages=HELLO)
    assert service.requests == []


def test_its_own_key_and_its_own_token_reach_the_upstream(proxy, client_of):
    service, emulator = proxy
    assert client_of(emulator).converse(modelId=NOVA, messages=HELLO)["stopReason"] == "end_turn"
    token = emulator.environ(bearer=True)["AWS_BEARER_TOKEN_BEDROCK"]
    assert post(emulator, authorization=f"Bearer {token}")[0] == 200
    assert len(service.requests) == 2
    assert token not in str([request.headers for request in service.requests])


def test_keys_are_new_in_every_run():
    assert len({new_credentials().secret_access_key for _ in range(50)}) == 50
    assert len({new_bearer_token() for _ in range(50)}) == 50
    assert "secret" not in repr(new_credentials()).lower().replace("secret_access_key", "")


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "some-host"])
def test_an_upstream_is_not_offered_to_other_machines_unless_that_is_allowed(host):
    assert not is_loopback(host)
    with pytest.raises(EmulatorError, match="Other machines reach") as caught:
        Emulator(host=host, upstream=Upstream("http://127.0.0.1:9"))
    assert "--allow-remote" in caught.value.hint
    Emulator(host=host, upstream=Upstream("http://127.0.0.1:9"), allow_remote=True)


@pytest.mark.parametrize(
    "body",
    [b"[" * 200_000, *(b'{"a":' * depth + b"1" + b"}" * depth for depth in (501, 5_000, 100_000))],
)
@pytest.mark.parametrize("operation", ["converse", "converse-stream", "count-tokens"])
def test_a_body_that_is_nested_too_deeply_is_a_serialization_exception(
    emulator, caplog, operation, body
):
    assert refused(emulator, operation, body) == "SerializationException"
    assert [record for record in caplog.records if record.exc_info] == []


@pytest.mark.parametrize("depth", [100, 300, 500, 900])
def test_tool_arguments_of_any_depth_are_judged(emulator, caplog, depth):
    deep = b'{"a":' * depth + b"1" + b"}" * depth
    body = (
        b"""{"messages": [{"role": "user", "content": [{"text": "hi"}]}],
        "additionalModelRequestFields": %b}"""
        % deep
    )
    assert refused(emulator, "converse", body) in (None, "SerializationException")
    assert [record for record in caplog.records if record.exc_info] == []


def refused(emulator, operation, body):
    with urllib3.PoolManager() as pool:
        url = f"{emulator.url}/model/{NOVA}/{operation}"
        answer = pool.request("POST", url, body=body, retries=False)
    assert answer.headers["content-type"] == "application/json"
    return (answer.headers.get("x-amzn-errortype") or "").partition(":")[0] or None


@pytest.mark.parametrize(
    "line",
    [
        b"GET /\x1b]52;c;ZXZpbA==\x07 HTTP/1.1",
        b"GET /a\x1b[2J HTTP/1.1",
        b"GET /\x9b2J HTTP/1.1",
        b"GET http://[\x1b HTTP/1.1",
        b"G\x1bT / HTTP/1.1",
        b"GET / HTTP/1.1\r\nA\x1b[2J: b",
        b"\x1b[2J\x1b]0;evil\x07",
        b"GET / HTTP/9.9",
    ],
)
def test_what_is_no_http_is_reported_in_one_line_without_repeating_it(emulator, caplog, line):
    with socket.create_connection((emulator.host, emulator.port)) as plug:
        plug.sendall(line + b"\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        while plug.recv(1000):
            pass
    assert [record for record in caplog.records if record.exc_info] == []
    assert not re.search(r"[^\x20-\x7e]", "".join(r.getMessage() for r in caplog.records))


def exported(process, count):
    lines = [process.stdout.readline() for _ in range(count)]
    return dict(re.fullmatch(r"export (\w+)='?(.*?)'?\n", line).groups() for line in lines)


def emulate(*options, **environ):
    return subprocess.Popen(
        [*COMMAND, "--port", "0", *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1", **environ},
    )


def stopped(process):
    process.send_signal(signal.SIGINT)
    return process.communicate(timeout=60)[1]


def test_the_command_prints_a_new_key_that_is_let_in(client_of, monkeypatch):
    with Emulator() as service:
        process = emulate(
            *("--upstream", service.url),
            AWS_ACCESS_KEY_ID="AKIAPROCESS",
            AWS_SECRET_ACCESS_KEY="of-the-process",
        )
        try:
            variables = exported(process, 10)
            keys = {
                "aws_access_key_id": variables["AWS_ACCESS_KEY_ID"],
                "aws_secret_access_key": variables["AWS_SECRET_ACCESS_KEY"],
                "endpoint_url": variables["AWS_ENDPOINT_URL_BEDROCK_RUNTIME"],
            }
            answer = client_of(service, **keys).converse(modelId=NOVA, messages=HELLO)
        finally:
            shown = stopped(process)
        assert service.requests[-1].identity.access_key_id == "AKIAPROCESS"
    assert answer["stopReason"] == "end_turn"
    assert keys["aws_access_key_id"] != CREDENTIALS.access_key_id
    assert keys["aws_secret_access_key"] not in shown
    assert "Warning" not in shown


@pytest.mark.parametrize("by_option", [True, False])
def test_a_key_that_is_given_is_known_and_not_printed(client_of, by_option):
    given = {"--access-key": "AKIAGIVEN:a-given-secret", "--bearer-token": "bedrock-api-key-given"}
    options = [word for pair in given.items() for word in pair] if by_option else []
    environ = {
        "MODELWIRE_EMULATOR_ACCESS_KEY": given["--access-key"],
        "MODELWIRE_EMULATOR_BEARER_TOKEN": given["--bearer-token"],
    }
    process = emulate("--require-auth", *options, **({} if by_option else environ))
    try:
        variables = exported(process, 8)
        client = client_of(
            Emulator(),
            endpoint_url=variables["AWS_ENDPOINT_URL_BEDROCK_RUNTIME"],
            aws_access_key_id="AKIAGIVEN",
            aws_secret_access_key="a-given-secret",
        )
        answer = client.converse(modelId=NOVA, messages=HELLO)
    finally:
        shown = stopped(process)
    assert answer["stopReason"] == "end_turn"
    assert "given" not in shown + str(variables)


def test_a_key_in_the_wrong_form_is_refused_without_repeating_it():
    done = subprocess.run(
        [*COMMAND, "--access-key", "only-a-secret"], capture_output=True, text=True
    )
    assert done.returncode == 2
    assert "ID:SECRET" in done.stderr
    assert "only-a-secret" not in done.stderr


def test_listening_beyond_loopback_is_warned_of():
    process = emulate("--host", "0.0.0.0")
    exported(process, 10)
    assert "Warning: other machines can call it." in stopped(process)


def test_the_command_offers_an_upstream_to_other_machines_only_where_that_is_allowed():
    refused = emulate("--host", "0.0.0.0", "--upstream", "http://127.0.0.1:9")
    assert "--allow-remote" in refused.communicate(timeout=60)[1]
    assert refused.returncode == 1
    allowed = emulate("--host", "0.0.0.0", "--upstream", "http://127.0.0.1:9", "--allow-remote")
    exported(allowed, 10)
    assert "Warning: other machines" in stopped(allowed)
