"""The models that Anthropic lists, page by page."""

import json

import pytest

from modelwire.testing import Reply


def page(first, count=2, **more):
    data = [{"id": f"claude-{number}", "type": "model"} for number in range(first, first + count)]
    return json.dumps({"data": data, **more}).encode()


@pytest.fixture
def discovered(runtime, server):
    async def run(*bodies):
        kind = {"Content-Type": "application/json"}
        server.script(*(Reply([body], headers=kind) for body in bodies))
        async with runtime() as made:
            listing = await made.catalog.listing("anthropic")
        assert listing.error is None
        return listing, [request.target for request in server.requests]

    return run


async def test_every_page_is_read_and_the_list_is_complete(discovered):
    listing, asked = await discovered(
        page(1, has_more=True, last_id="claude-2"), page(3, has_more=False)
    )
    assert [model.id for model in listing.models] == [
        "claude-1",
        "claude-2",
        "claude-3",
        "claude-4",
    ]
    assert listing.incomplete == ()
    assert asked[1].endswith("models?limit=1000&after_id=claude-2")


@pytest.mark.parametrize("last", [{}, {"last_id": None}, {"last_id": 7}])
async def test_a_list_whose_next_page_is_not_named_is_incomplete(discovered, last):
    listing, asked = await discovered(page(1, has_more=True, **last))
    assert [model.id for model in listing.models] == ["claude-1", "claude-2"]
    assert listing.incomplete == ("The service has more models, but names no next page.",)
    assert len(asked) == 1


async def test_a_page_that_names_itself_as_the_next_ends_the_list(discovered):
    again = page(1, has_more=True, last_id="claude-2")
    listing, asked = await discovered(again, again)
    assert len(asked) == 2
    assert listing.incomplete == ("The service has more models, but names no next page.",)


async def test_a_list_with_too_many_pages_is_incomplete(discovered):
    pages = [page(n, 1, has_more=True, last_id=f"claude-{n}") for n in range(50)]
    listing, _ = await discovered(*pages)
    assert len(listing.models) == 50
    assert listing.incomplete == ("Only the first 50 pages of models were read.",)
