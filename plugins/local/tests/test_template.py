"""What a chat template renders is found out from the engine, with real files."""

import pytest

from modelwire.errors import ServerError
from modelwire_local.load import load_model
from modelwire_local.settings import EngineSettings
from modelwire_local.template import PLAIN, ChatTemplate, render_prompt

OFFERS_ONLY = """\
{%- if tools %}{{ tools | tojson }}{%- endif %}
{%- for message in messages %}{{ '[' + message.role + ']' + message.content }}{%- endfor %}"""
REFUSES_CALLS = """\
{%- for message in messages %}
{%- if message.role == 'tool' or message.tool_calls %}{{ raise_exception('No tools!') }}{%- endif %}
{{- '[' + message.role + ']' + message.content }}
{%- endfor %}"""


def inspected(path):
    return load_model(EngineSettings(path, 512, 1, embedded=False)).template()


def test_the_embedded_models_template_renders_text_alone(weights):
    assert inspected(weights) == PLAIN


def test_a_template_may_render_tools_calls_and_results(weights, make_gguf):
    assert inspected(make_gguf(weights)) == ChatTemplate(tools=True, tool_calls=True)


def test_a_template_may_render_tools_but_no_calls(weights, make_gguf):
    found = inspected(make_gguf(weights, OFFERS_ONLY))
    assert found == ChatTemplate(tools=True, tool_calls=False)


def test_a_template_may_refuse_calls(weights, make_gguf):
    assert inspected(make_gguf(weights, REFUSES_CALLS)) == PLAIN


def test_the_key_is_in_no_text_about_a_model(weights):
    model = load_model(EngineSettings(weights, 512, 1, embedded=False))
    assert model.key not in repr(model)
    with pytest.raises(ServerError) as caught:
        render_prompt(model.server.listening_address, "another key", {"messages": []})
    assert "another key" not in str(caught.value)


def test_an_engine_that_cannot_be_reached_is_a_typed_error():
    with pytest.raises(ServerError, match="does not show how it renders tools") as caught:
        render_prompt("http://127.0.0.1:1", "key", {"messages": []})
    assert not caught.value.retryable
    assert caught.value.hint
