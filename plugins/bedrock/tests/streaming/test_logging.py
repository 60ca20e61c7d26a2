"""botocore writes header fields to its log; what it signs for us stays out of there."""

import logging

import boto3

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
