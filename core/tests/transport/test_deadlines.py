"""Limits that are given, limits that are not, and whose limit holds."""

import asyncio
import copy
import pickle

import pytest
from attrs import evolve, fields

from modelwire.errors import RequestTimeout
from modelwire.transport import Deadlines, Request, Transport

NAMES = ("connect", "first_byte", "first_event", "idle", "total")


def limits(deadlines):
    return tuple(getattr(deadlines, name) for name in NAMES)


def test_every_limit_has_a_default():
    assert tuple(each.alias for each in fields(Deadlines)) == NAMES
    assert limits(Deadlines()) == (10.0, 300.0, None, 300.0, None)


def test_what_is_not_given_is_taken_from_the_other():
    own = Deadlines(first_byte=1, idle=None)
    other = Deadlines(connect=2, first_byte=3, idle=4, total=5)
    assert limits(own.with_defaults(other)) == (2, 1, None, None, 5)


def test_a_limit_that_is_given_holds_also_where_it_equals_the_default_or_means_no_limit():
    own = Deadlines(connect=10.0, first_byte=300.0, first_event=None, idle=300.0, total=None)
    assert limits(own.with_defaults(Deadlines(1, 1, 1, 1, 1))) == limits(own)


@pytest.mark.parametrize(
    "changed",
    [
        lambda limit: evolve(limit, total=9),
        lambda limit: copy.deepcopy(evolve(limit, total=9)),
        lambda limit: pickle.loads(pickle.dumps(evolve(limit, total=9))),
    ],
    ids=["evolve", "copy", "pickle"],
)
def test_a_changed_copy_still_knows_what_was_not_given(changed):
    found = changed(Deadlines(idle=1)).with_defaults(Deadlines(connect=2, idle=3, total=4))
    assert limits(found) == (2, 300.0, None, 1, 9)


def test_the_layers_can_be_joined_in_any_order():
    call, config, client = Deadlines(idle=1), Deadlines(total=2), Deadlines(total=3, connect=4)
    left = call.with_defaults(config).with_defaults(client)
    right = call.with_defaults(config.with_defaults(client))
    assert left == right
    assert limits(left) == (4, 300.0, None, 1, 2)


def test_it_is_shown_as_it_holds():
    shown = "Deadlines(connect=10.0, first_byte=300.0, first_event=None, idle=1, total=None)"
    assert repr(Deadlines(idle=1)) == shown


async def test_a_request_takes_from_the_transport_what_it_does_not_limit_itself(serve):
    async def handler(peer):
        await peer.request()
        await asyncio.Event().wait()

    server = await serve(handler)
    async with Transport(environ={}, deadlines=Deadlines(first_byte=0.2)) as transport:
        with pytest.raises(RequestTimeout) as caught:
            async with transport.send(Request("GET", server.url), deadlines=Deadlines(total=60)):
                pass
    assert caught.value.phase == "first_byte"
