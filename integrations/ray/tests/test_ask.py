"""Batches are answered: columns, failures, formats and limits."""

import threading
from string import ascii_lowercase

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from conftest import SONNET

from modelwire.errors import AccessDenied, ConfigError, InvalidRequest, PluginError
from modelwire_bedrock.emulator import Answer, Fault, Match, Pacing, TokenUsage
from modelwire_ray import Ask

DENIED = Fault.error("AccessDeniedException")


@pytest.fixture
def answer(emulator):
    """Answer the rows of a batch, and close."""

    async def answered(batch, prompt="{word}", **arguments):
        ask = Ask(SONNET, prompt, **{"config": {}, **arguments})
        try:
            return (await ask(batch)).to_pylist()
        finally:
            await ask.aclose()

    return answered


def words(*names):
    return pa.table({"word": pa.array(names, pa.string())})


async def test_answers_are_columns_beside_those_of_the_row(emulator, answer):
    emulator.answer(Answer("Hallo", usage=TokenUsage(10, 5, cache_read=900)))
    (row,) = await answer(words("hello"), "Translate: {word}")
    assert row.pop("answer_cost") > 0
    assert row.pop("answer_model").endswith(SONNET.partition("/")[2])
    used = {"input": 10, "output": 5, "cache_read": 900, "cache_write": 0, "reasoning": None}
    assert row == {
        "word": "hello",
        "answer": "Hallo",
        "answer_stop_reason": "stop",
        "answer_usage": used,
        "answer_error": None,
    }


@pytest.mark.parametrize("kind", [pa.table, pd.DataFrame, dict])
async def test_batches_of_every_format_are_answered(answer, kind):
    batch = kind({"id": np.array([7, 8]), "word": np.array(["a", "b"], dtype=object)})
    rows = await answer(batch)
    assert [(row["id"], row["word"], row["answer"][-1]) for row in rows] == [
        (7, "a", "a"),
        (8, "b", "b"),
    ]


async def test_a_function_makes_the_prompt_and_options_reach_the_model(emulator, answer):
    def prompt(row):
        return [{"role": "user", "content": f"Say {row['word']}."}]

    options = {"output": "said", "system": "Be brief.", "max_tokens": 70, "temperature": 0.5}
    (row,) = await answer(words("a"), prompt, **options)
    assert row["said"].endswith("You said: Say a.")
    assert row["said_stop_reason"] == "stop"
    (request,) = emulator.requests
    assert request.body["system"][0]["text"] == "Be brief."
    assert request.body["inferenceConfig"] == {"maxTokens": 70, "temperature": 0.5}


async def test_a_prompt_may_name_no_column(answer):
    rows = await answer(words("a", "b"), "Tell a joke.")
    assert [row["answer"][-7:] for row in rows] == ["a joke."] * 2


async def test_a_row_that_fails_is_a_row(emulator, answer):
    emulator.answer(fault=DENIED, when=Match(text="bad"))
    good, bad = await answer(words("good", "bad"))
    assert good["answer_error"] is None
    assert bad["answer_error"]["code"] == "access_denied"
    assert bad["answer_error"]["message"]
    assert bad["answer_error"]["retryable"] is False
    assert [bad[name] for name in ("answer", "answer_stop_reason", "answer_cost")] == [None] * 3


async def test_a_prompt_that_is_wrong_is_a_failure_of_its_row(emulator, answer):
    good, bad = await answer(words("good", None))
    assert good["answer_error"] is None
    assert bad["answer_error"]["code"] == "invalid_request"
    assert "'word'" in bad["answer_error"]["message"]
    assert len(emulator.requests) == 1


async def test_an_answer_that_breaks_off_is_a_failure_with_what_it_used(emulator, answer):
    emulator.answer(Answer("Hello and"), fault=Fault("no_stop"), times=None)
    (row,) = await answer(words("a"))
    assert row["answer"] is None
    assert row["answer_error"]["code"] == "stream_truncated"
    assert row["answer_error"]["retryable"] is True
    assert row["answer_usage"] is not None


async def test_the_types_of_columns_do_not_depend_on_the_answers(emulator):
    emulator.answer(fault=DENIED, when=Match(text="bad"))
    ask = Ask(SONNET, "{word}", config={})
    good, bad, none = [await ask(words(*names)) for names in (["good"], ["bad"], [])]
    await ask.aclose()
    assert good.schema == bad.schema == none.schema


async def test_a_failure_is_raised_if_asked_for(emulator, answer):
    emulator.answer(fault=DENIED, when=Match(text="bad"))
    with pytest.raises(AccessDenied):
        await answer(words("good", "bad"), on_error="raise")


@pytest.mark.parametrize(
    ("arguments", "kind", "text"),
    [
        ({"prompt": "{wrod}"}, InvalidRequest, "no column 'wrod'"),
        ({"prompt": "{word"}, InvalidRequest, "expected '}'"),
        ({"max_tokenz": 5}, TypeError, "max_tokenz"),
        ({"in_flight": 0}, InvalidRequest, "in_flight is 0"),
        ({"on_error": "ignore"}, InvalidRequest, "on_error is 'ignore'"),
        ({"output": "word"}, InvalidRequest, "a column 'word' already"),
        ({"config": {"models": 5}}, ConfigError, "models"),
    ],
)
async def test_what_is_wrong_for_all_rows_is_raised(answer, arguments, kind, text):
    with pytest.raises(kind, match=text):
        await answer(words("a"), **arguments)


async def test_an_unknown_model_is_raised(emulator):
    with pytest.raises(PluginError, match="nobody"):
        await Ask("nobody/nothing", "{word}", config={})(words("a"))


async def test_no_more_calls_are_in_flight_than_allowed(emulator, answer):
    emulator.answer(Answer("x", pacing=Pacing(first=0.2)), times=None)
    most, done = 0, threading.Event()

    def watch():
        nonlocal most
        while not done.wait(0.01):
            most = max(most, sum(request.end is None for request in emulator.requests))

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        await answer(words(*ascii_lowercase), in_flight=5)
    finally:
        done.set()
        watcher.join()
    assert most == 5
    assert len(emulator.requests) == 26
