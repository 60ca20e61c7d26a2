"""Whatever the order of events and the pieces that they come in, the message is the same."""

import itertools
import json

from hypothesis import given
from hypothesis import strategies as st
from responses_events import REASONING, added, arguments, call_item, done, end, message_item, text

from modelwire.authoring import JsonEvent
from modelwire.events.assembler import Assembler
from modelwire.messages import Text, Thinking, ToolCall
from modelwire.transport import SseDecoder
from modelwire_openai.responses.stream import Translator

plain = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30)
values = st.dictionaries(plain, st.one_of(plain, st.integers(), st.booleans()), max_size=3)
items = st.lists(
    st.one_of(
        st.tuples(st.just("message"), plain),
        st.tuples(st.just("call"), values),
        st.tuples(st.just("reasoning"), plain),
    ),
    min_size=1,
    max_size=4,
)


def pieces(draw, whole):
    """A text in pieces of any size."""
    cuts = draw(st.lists(st.integers(0, len(whole)), max_size=4))
    edges = [0, *sorted(cuts), len(whole)]
    return [whole[a:b] for a, b in itertools.pairwise(edges)]


def lanes(draw, said):
    """For each item its events in order, the item itself, and the block that it stands for."""
    for number, (kind, what) in enumerate(said):
        if kind == "message":
            item = message_item(what, f"msg_{number}")
            deltas = [text(number, piece, item["id"]) for piece in pieces(draw, what)]
            start = message_item(item_id=item["id"])
            block = Text(what)
        elif kind == "call":
            whole = json.dumps(what)
            item = call_item(whole, number)
            deltas = [arguments(number, piece, number) for piece in pieces(draw, whole)]
            start = call_item(number=number)
            block = ToolCall(f"call_{number}|fc_{number}", "weather", what)
        else:
            item = {
                **REASONING,
                "id": f"rs_{number}",
                "summary": [{"type": "summary_text", "text": what}],
            }
            deltas = [
                {
                    "type": "response.reasoning_summary_text.delta",
                    "output_index": number,
                    "item_id": item["id"],
                    "summary_index": 0,
                    "delta": piece,
                }
                for piece in pieces(draw, what)
            ]
            start = {**item, "summary": []}
            block = Thinking(what)
        yield [added(number, start), *deltas, done(number, item)], item, block


@st.composite
def answers(draw):
    """The events of an answer in some legal order, and the blocks that they stand for."""
    made = list(lanes(draw, draw(items)))
    queues = [events for events, _, _ in made]
    # Items begin in order; what follows may come in any order.
    order = [queue.pop(0) for queue in queues]
    while any(queues):
        queue = draw(st.sampled_from([queue for queue in queues if queue]))
        order.append(queue.pop(0))
    return order, [item for _, item, _ in made], [block for _, _, block in made]


def assemble(events):
    translator, assembler = Translator(), Assembler("openai", "gpt-5")
    for event in events:
        deltas = []
        translator.feed([JsonEvent("message", event)], deltas)
        for delta in deltas:
            assembler.feed(delta)
    translator.end()
    return assembler.finish()[-1].message.content


def plainly(content):
    """Blocks without what is needed back, which is looked at elsewhere, in an order of their own.

    Blocks stand in the order in which their first content came, which is drawn here.
    """
    plain = [b if isinstance(b, ToolCall) else type(b)(b.text) for b in content]
    return sorted(plain, key=repr)


@given(answers())
def test_interleaved_items_do_not_mix(answer):
    events, output, blocks = answer
    assert plainly(assemble([*events, end(output=output)])) == sorted(blocks, key=repr)


@given(answers(), st.data())
def test_lost_events_are_made_good_by_the_end_of_the_answer(answer, data):
    events, output, blocks = answer
    kept = [event for event in events if not event["type"].endswith("item.done")]
    last = data.draw(st.integers(0, len(kept)))
    # A piece in the middle cannot be missed, but the rest of any item can.
    content = plainly(assemble([*kept[:last], end(output=output)]))
    assert content == sorted(blocks, key=repr)


@given(answers(), st.data())
def test_where_the_bytes_are_split_makes_no_difference(answer, data):
    events, output, blocks = answer
    whole = "".join(
        f"event: {event['type']}\r\ndata: {json.dumps(event, ensure_ascii=False)}\r\n\r\n"
        for event in [*events, end(output=output)]
    ).encode()
    cuts = sorted(data.draw(st.lists(st.integers(0, len(whole)), max_size=6)))
    edges = [0, *cuts, len(whole)]
    decoder = SseDecoder()
    read = [
        json.loads(event.data)
        for a, b in itertools.pairwise(edges)
        for event in decoder.feed(whole[a:b])
    ]
    assert plainly(assemble(read)) == sorted(blocks, key=repr)


@given(answers())
def test_without_ids_in_their_events_items_are_known_by_their_numbers(answer):
    events, output, blocks = answer
    bare = [{k: v for k, v in event.items() if k != "item_id"} for event in events]
    assert plainly(assemble([*bare, end(output=output)])) == sorted(blocks, key=repr)


@given(answers())
def test_without_numbers_items_are_known_by_their_ids(answer):
    events, output, blocks = answer
    bare = [{k: v for k, v in event.items() if k != "output_index"} for event in events]
    assert plainly(assemble([*bare, end(output=output)])) == sorted(blocks, key=repr)
