"""The synchronous classes offer what the asynchronous ones do, name by name."""

import inspect
import re

import pytest

from modelwire.agent import AgentStream, SyncAgentStream
from modelwire.catalog import Catalog
from modelwire.runtime import (
    Runtime,
    Stream,
    SyncCatalog,
    SyncRuntime,
    SyncStream,
    SyncToolLoop,
    ToolLoop,
)
from modelwire.runtime.stream import Texts

PAIRS = [
    (Runtime, SyncRuntime),
    (Stream, SyncStream),
    (ToolLoop, SyncToolLoop),
    (AgentStream, SyncAgentStream),
]

RENAMED = {"aclose": "close", "__aenter__": "__enter__", "__aexit__": "__exit__"}
RENAMED |= {"__aiter__": "__iter__", "__anext__": "__next__"}

SYNC_TYPES = {first.__name__: second.__name__ for first, second in PAIRS}
SYNC_TYPES |= {"Catalog": "SyncCatalog", "Texts": "Iterator[str]", "AsyncIterator": "Iterator"}

PROTOCOL = ("__aenter__", "__aexit__")


def members(cls):
    """The public members of a class, with those by which it is entered."""
    return {
        name: inspect.getattr_static(cls, name)
        for name in dir(cls)
        if not name.startswith("_") or name in (*PROTOCOL, *(RENAMED[each] for each in PROTOCOL))
    }


def attributes(runtime):
    """The public names of an instance that are data."""
    return {
        name
        for name in dir(runtime)
        if not name.startswith("_") and not callable(getattr(type(runtime), name, None))
    }


def in_sync(annotation):
    """The annotation that a synchronous method has in place of this one."""
    return re.sub(r"\w+", lambda word: SYNC_TYPES.get(word[0], word[0]), str(annotation))


def shape(member):
    function = member.fget if isinstance(member, property) else getattr(member, "__func__", member)
    signature = inspect.signature(function)
    parameters = [
        (each.name, each.kind, each.default, each.annotation)
        for each in signature.parameters.values()
    ]
    return parameters, signature.return_annotation


@pytest.mark.parametrize(("first", "second"), PAIRS, ids=lambda cls: cls.__name__)
def test_each_method_has_a_counterpart_with_the_same_signature(first, second):
    given, expected = members(second), members(first)
    for name, member in expected.items():
        counterpart = RENAMED.get(name, name)
        assert counterpart in given, f"{second.__name__} has no {counterpart}"
        parameters, returned = shape(member)
        assert shape(given[counterpart]) == (parameters, in_sync(returned)), name
        assert type(given[counterpart]) is type(member), name
        assert not inspect.iscoroutinefunction(given[counterpart]), name


@pytest.mark.parametrize(("first", "second"), PAIRS[1:], ids=lambda cls: cls.__name__)
def test_what_is_no_counterpart_is_not_there(first, second):
    assert set(members(second)) == {RENAMED.get(name, name) for name in members(first)}


def test_the_runtimes_have_the_same_attributes(make_runtime):
    runtime = make_runtime()
    with SyncRuntime(runtime) as sync:
        assert attributes(sync) == attributes(runtime)
        assert set(members(SyncRuntime)) == {
            *(RENAMED.get(name, name) for name in members(Runtime)),
            *attributes(runtime),
        }
        for name in attributes(runtime) - {"catalog"}:
            assert getattr(sync, name) is getattr(runtime, name)
        assert type(sync.catalog) is SyncCatalog


def test_the_catalog_answers_the_same_questions():
    """What gives nothing back only serves the event loop, and is not needed without one."""
    asked = {name: each for name, each in members(Catalog).items() if name not in PROTOCOL}
    asked = {name: each for name, each in asked.items() if shape(each)[1] != "None"}
    given = members(SyncCatalog)
    assert set(given) == set(asked)
    for name, member in asked.items():
        assert shape(given[name]) == shape(member), name
        assert not inspect.iscoroutinefunction(given[name]), name


def test_the_texts_can_be_iterated_and_closed():
    assert {name for name in dir(Texts) if name in RENAMED} == {"aclose", "__aiter__", "__anext__"}
