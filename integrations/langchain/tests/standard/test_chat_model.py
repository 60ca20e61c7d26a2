"""LangChain's standard suites of chat models over the emulated Bedrock, which plays the model.

What is not supported, and why: audio, of which Claude on Bedrock takes none; addresses of pictures,
which Converse does not fetch; and blocks in Anthropic's own form, which are no standard content.
"""

from typing import Any, ClassVar

import pytest
from langchain_tests.integration_tests import ChatModelIntegrationTests
from langchain_tests.unit_tests import ChatModelUnitTests

from modelwire_langchain import ChatModelwire

SONNET = "bedrock/us.anthropic.claude-sonnet-4-5-20250929-v1:0"
HAIKU = "bedrock/us.anthropic.claude-haiku-4-5-20251001-v1:0"


class TestUnit(ChatModelUnitTests):
    """Keys are in the configuration or in the environment, so that no model has one."""

    chat_model_class = ChatModelwire
    chat_model_params: ClassVar = {"model": SONNET}

    @property
    def standard_chat_model_params(self) -> dict[str, Any]:
        given = super().standard_chat_model_params
        return {name: value for name, value in given.items() if name != "api_key"}

    @pytest.mark.xfail(
        reason="langchain-core loads by allowed_objects='all' only what its own list names; "
        "tests/test_chat_model.py loads with allowed_objects=[ChatModelwire]",
        raises=(ValueError, AssertionError),
        strict=True,
    )
    def test_serdes(self, model, snapshot):
        super().test_serdes(model, snapshot)


class TestIntegration(ChatModelIntegrationTests):
    chat_model_class = ChatModelwire
    chat_model_params: ClassVar = {"model": SONNET}
    supports_json_mode = True
    supports_image_inputs = True
    supports_image_tool_message = True
    supports_pdf_inputs = True
    supports_pdf_tool_message = True
    supports_model_override = True
    model_override_value = HAIKU
