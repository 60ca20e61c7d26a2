"""A dry run makes the request, shows it without secrets, and sends nothing."""

import json

import pytest

from modelwire.errors import InvalidRequest
from modelwire.transport import DryRunTransport, Request, RequestCaptured, Transport

WIRE = """
    import json
    from modelwire.events import Diagnostic, Stop, TextDelta
    from modelwire.hookspecs import hookimpl
    from modelwire.messages import StopReason
    from modelwire.transport import Request

    @hookimpl
    async def stream_completion(model, context, transport):
        yield Diagnostic("dropped", {"path": "messages[0]", "reason": "it is blank"})
        body = b"\\xff" if model.id == "binary" else json.dumps({"model": model.id}).encode()
        headers = {"Authorization": "Bearer sk-secret", "X-Own-Token": "sk-secret", "Accept": "text/event-stream"}
        url = "http://user:sk-secret@127.0.0.1:1/v1?api-key=sk-secret&version=2"
        async with transport.trusting("/nowhere").send(Request("POST", url, headers, body)):
            yield TextDelta(0, "sent!")
        yield Stop(StopReason.STOP)
"""


@pytest.fixture
def runtime(site, make_runtime):
    site.provider("wire", source=WIRE)
    site.provider("echo")
    return make_runtime()


async def test_the_request_and_what_was_changed_are_shown(runtime):
    kept = await runtime.dry_run("hi", model="wire/m")
    assert kept.request.headers["Authorization"] == "Bearer sk-secret"
    assert kept.to_json() == {
        "model": "wire/m",
        "method": "POST",
        "url": "http://127.0.0.1:1/v1?api-key=<hidden>&version=2",
        "headers": {
            "Authorization": "<hidden>",
            "X-Own-Token": "<hidden>",
            "Accept": "text/event-stream",
        },
        "body": {"model": "m"},
        "changes": [{"type": "dropped", "path": "messages[0]", "reason": "it is blank"}],
    }
    assert "sk-secret" not in json.dumps(kept.to_json()) + repr(kept)


async def test_a_body_that_is_no_text_is_shown_in_base64(runtime):
    kept = await runtime.dry_run("hi", model="wire/binary")
    assert kept.to_json()["body"] == {"base64": "/w=="}


async def test_a_model_without_http_has_no_request(runtime):
    with pytest.raises(InvalidRequest, match="nothing to show"):
        await runtime.dry_run("hi", model="echo/e")


async def test_a_rehearsal_never_opens_a_connection():
    with pytest.raises(RequestCaptured):
        async with DryRunTransport().trusting("x").send(Request("GET", "http://127.0.0.1:1")):
            pass


async def test_a_transport_with_its_own_certificates_is_made_once_and_closed_with_its_parent():
    async with Transport(environ={}) as parent:
        child = parent.trusting("/some/bundle.pem")
        assert parent.trusting("/some/bundle.pem") is child
        assert parent.trusting("/other.pem") is not child
    with pytest.raises(Exception, match="closed"):
        async with child.send(Request("GET", "http://127.0.0.1:1")):
            pass
