"""The log of requests."""

import json

import pytest
from gateway_server import KEY, serving

from modelwire_gateway import Settings
from modelwire_gateway.request_log import request_logger

MODEL = "amazon-bedrock/us.amazon.nova-lite-v1:0"
BODY = {"model": MODEL, "messages": [{"role": "user", "content": "A secret question"}]}


async def lines(emulator, tmp_path, form, capsys):
    async with serving(emulator, tmp_path) as gateway:
        emulator.answer("A secret answer")
        await gateway.post("/v1/chat/completions", BODY)
        await gateway.post("/v1/chat/completions", {**BODY, "model": "no\x1b[31mne"})
        gateway.key = "mw-wrong"
        await gateway.post("/v1/chat/completions", BODY)
        logged = request_logger(form)
        for record in gateway.records:
            logged(record)
    return capsys.readouterr().err.splitlines()


async def test_a_line_for_each_request(emulator, tmp_path, capsys):
    answered, unknown, refused = await lines(emulator, tmp_path, "text", capsys)
    assert f"openai-completions {MODEL} -> 200, " in answered
    assert "tokens" in answered
    assert "-> 404 model_not_found" in unknown
    assert "\x1b" not in unknown
    assert "openai-completions - -> 401 unauthorized" in refused
    assert "secret" not in "".join([answered, unknown, refused])


async def test_a_line_of_json_for_each_request(emulator, tmp_path, capsys):
    logged = await lines(emulator, tmp_path, "json", capsys)
    answered, unknown, refused = map(json.loads, logged)
    assert (answered["status"], answered["model"], answered["caller"]) == (200, MODEL, "local")
    assert answered["output_tokens"] > 0
    assert answered["request_id"].startswith("req_")
    assert (unknown["failure"], refused["failure"]) == ("model_not_found", "unauthorized")
    assert KEY not in "".join(logged)
    assert "secret" not in "".join(logged)


async def test_content_is_logged_only_where_it_is_asked_for(emulator, tmp_path, capsys):
    logged = request_logger("json")
    chosen = Settings(log_content=True)
    long = "A" * 50_000
    async with serving(emulator, tmp_path, settings=chosen, observers=[logged]) as gateway:
        emulator.answer("A secret answer")
        body = {**BODY, "messages": [*BODY["messages"], {"role": "user", "content": long}]}
        await gateway.post("/v1/chat/completions", body)
        gateway.key = "mw-wrong"
        await gateway.post("/v1/chat/completions", BODY)
        kept = [record.content for record in gateway.records]
    answered, refused = map(json.loads, capsys.readouterr().err.splitlines())
    first, second = answered["request"]["messages"]
    assert first["content"] == "A secret question"
    assert second["content"] == "A" * 10_000 + "… (40000 more characters)"
    assert answered["answer"]["text"] == "A secret answer"
    assert answered["answer"]["stop_reason"] == "stop"
    assert "request" not in refused
    assert kept == [None, None], "records must not keep what was said"
    assert KEY not in json.dumps([answered, refused])


@pytest.mark.parametrize("form", ["none"])
def test_there_need_be_no_log(form):
    assert request_logger(form) is None
