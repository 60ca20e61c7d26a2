"""Items of batch jobs: their requests, written off the event loop, and the errors that name an item."""

import threading

import pytest

from modelwire.authoring import item_cancelled, item_expired, write_items
from modelwire.errors import InvalidRequest
from modelwire.hookspecs import BatchItem, BatchTerms, CompletionOptions
from modelwire.messages import Context, UserMessage
from modelwire.models import Model

MODEL = Model("acme", "m")


def item(custom_id):
    return BatchItem(custom_id, Context([UserMessage("x")]), CompletionOptions())


async def test_requests_are_written_in_order_and_in_a_thread():
    threads = set()

    def write(each):
        threads.add(threading.current_thread())
        return each.custom_id.encode()

    lines = await write_items([item("b"), item("a")], write, model=MODEL, terms=BatchTerms())
    assert lines == [b"b", b"a"]
    assert threading.main_thread() not in threads


async def test_an_error_names_the_item():
    def write(_):
        msg = "no"
        raise InvalidRequest(msg)

    with pytest.raises(InvalidRequest, match="custom_id 'a': no"):
        await write_items([item("a")], write, model=MODEL, terms=BatchTerms())


async def test_a_job_keeps_the_limit_on_bytes():
    items = [item(name) for name in "abc"]
    for most, fits in [(33, True), (32, False)]:
        terms = BatchTerms(max_bytes=most)
        written = write_items(items, lambda _: b"x" * 10, model=MODEL, terms=terms)
        if fits:
            assert len(await written) == 3
            continue
        with pytest.raises(
            InvalidRequest, match=r"larger than 32 bytes, from custom_id 'c' on"
        ) as caught:
            await written
        assert caught.value.hint == "Divide the items into several jobs."


def test_items_without_an_answer_have_errors_with_codes():
    assert item_cancelled().code == "cancelled"
    expired = item_expired(MODEL)
    assert (expired.code, expired.retryable, expired.provider) == ("timeout", True, "acme")
