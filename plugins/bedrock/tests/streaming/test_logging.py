"""Logs hold no credentials: neither botocore's own, nor what modelwire writes of its requests."""

import logging

import boto3

from modelwire import Runtime
from modelwire_bedrock.aws.logging import quiet


def test_only_what_is_done_for_us_is_left_out(caplog):
    client = boto3.client(
        "bedrock-runtime",
        region_name="eu-west-1",
        endpoint_url="http://127.0.0.1:9",
        aws_access_key_id="AKIDEXAMPLE",
        aws_secret_access_key="secret",
        aws_session_token="t0ken",
    )
    client.meta.events.register_last("before-send", lambda **_: _stop())

    def call():
        try:
            client.converse(modelId="m", messages=[{"role": "user", "content": [{"text": "x"}]}])
        except InterruptedError:
            return

    with caplog.at_level(logging.DEBUG):
        with quiet():
            call()
        assert "t0ken" not in caplog.text
        call()
        assert "t0ken" in caplog.text


def _stop():
    raise InterruptedError


async def test_a_dry_run_and_the_log_show_the_time_of_a_signature_and_no_credentials(
    bedrock_emulator, tmp_path, caplog
):
    bedrock_emulator.answer("Hello", times=None)
    model = "amazon-bedrock/us.amazon.nova-lite-v1:0"
    environ = bedrock_emulator.environ()
    token = {"AWS_SESSION_TOKEN": "a-session-token"}

    async def dry_run(environ):
        async with Runtime.from_config({}, environ=environ, cache_directory=tmp_path) as runtime:
            return (await runtime.dry_run("Hi", model=model)).to_json()["headers"]

    shown = await dry_run(environ | token)
    fields = {name.lower(): value for name, value in shown.items()}
    visible = {name for name, value in fields.items() if value != "<hidden>"}
    assert visible == {
        "amz-sdk-invocation-id",
        "amz-sdk-request",
        "content-type",
        "user-agent",
        "x-amz-date",
    }
    assert fields.keys() > {"authorization", "x-amz-security-token"}

    shown = await dry_run(environ)
    with caplog.at_level(logging.DEBUG, "modelwire.http"):
        async with Runtime.from_config({}, environ=environ, cache_directory=tmp_path) as runtime:
            await runtime.complete("Hi", model=model)
    sent, head = caplog.messages[:2]
    shown["X-Amz-Date"] = "2"  # the first digit of the year
    shown["amz-sdk-invocation-id"] = ""  # each call has one of its own
    for name, value in shown.items():
        assert f"  {name}: {value}" in sent
    assert f"x-amzn-requestid: {bedrock_emulator.requests[-1].request_id}" in head
