from __future__ import annotations

import os

import botocore.session
import pytest
from botocore.validate import ParamValidator

from modelwire.hookspecs import CompletionOptions
from modelwire.messages import Context, UserMessage
from modelwire.models import Model
from modelwire_bedrock.converse.request import build_request

CLAUDE = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"


@pytest.fixture(scope="session")
def validate():
    """botocore's own judgement of a payload."""
    session = botocore.session.Session(profile=None)
    service = session.get_service_model("bedrock-runtime")
    shape = service.operation_model("ConverseStream").input_shape

    def judge(payload):
        report = ParamValidator().validate(payload, shape)
        assert not report.has_errors(), report.generate_report()

    return judge


@pytest.fixture
def build(validate):
    """Build a request that botocore accepts."""

    def make(messages=None, model=CLAUDE, *, system=None, tools=(), region=None, **rest):
        if isinstance(model, str):
            model = Model("amazon-bedrock", model)
        arguments = {
            key: rest.pop(key)
            for key in ("settings", "base_model", "environ", "configured_limit")
            if key in rest
        }
        messages = [UserMessage("hi")] if messages is None else messages
        request = build_request(
            model,
            Context(messages, system, list(tools)),
            CompletionOptions(**rest),
            region=region,
            **arguments,
        )
        validate(request.payload)
        return request

    return make


@pytest.fixture(autouse=True)
def _no_aws_environment(monkeypatch):
    for name in list(os.environ):
        if name.startswith(("AWS_", "OPENCLAW_")):
            monkeypatch.delenv(name)
