"""Whatever the document looks like: an edit changes what was asked for, and nothing else."""

import json
import math

import json5
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from json5_documents import DOCUMENTS, KEYS, VALUES, comments, written
from json5_edits import at, edits, paths_in, with_change

from modelwire.document.edit import set_value, unset_value
from modelwire.document.parser import Object, Scalar, parse, value_of
from modelwire.document.paths import format_path, parse_path

# The texts are odd and the reader that we compare with is slow; neither is a finding.
properties = settings(max_examples=100, suppress_health_check=[HealthCheck.too_slow])


def node_at(text, path):
    node = parse(text).root
    for step in path:
        item = None if isinstance(node, Scalar) else node.find(step)
        if item is None:
            return node, False
        node = item.node
    return node, True


@pytest.mark.extensive("it tries hundreds of generated documents")
@properties
@given(written())
def test_our_tree_holds_what_json5_reads(text):
    assert value_of(parse(text).root) == json5.loads(text)


@properties
@given(edits())
def test_setting_changes_what_was_asked_for_and_nothing_else(edit):
    text, path, value = edit
    changed = set_value(text, path, value)

    assert json5.loads(changed) == with_change(value_of(parse(text).root), path, value)

    assert sorted(comments(changed)) == sorted(comments(text))

    # What exists changes in its own span; what is new comes after all that its container holds.
    node, exists = node_at(text, path)
    start, end = node.start, node.end
    if not exists and not isinstance(node, Scalar):
        start, end = (node.items[-1].end if node.items else node.start + 1), node.end - 1
    assert changed.startswith(text[:start])
    assert changed.endswith(text[end:])

    assert set_value(changed, path, value) == changed


@pytest.mark.extensive("it tries hundreds of generated documents")
@properties
@given(written())
def test_setting_what_is_there_changes_no_byte(text):
    data = value_of(parse(text).root)
    for path in paths_in(data):
        assert set_value(text, path, at(data, path)) == text


@pytest.mark.extensive("it tries hundreds of generated documents")
@properties
@given(written(DOCUMENTS.filter(bool)), st.data())
def test_unsetting_removes_exactly_that(text, data):
    expected = value_of(parse(text).root)
    path = data.draw(st.sampled_from(list(paths_in(expected))))
    node, _ = node_at(text, path[:-1])
    item = node.find(path[-1])
    inside = comments_between(text, item.start, item.end)
    del at(expected, path[:-1])[path[-1]]
    changed = unset_value(text, path)
    assert json5.loads(changed) == expected
    assert sorted(comments(changed) + inside) == sorted(comments(text))
    assert changed.startswith(text[: node.start + 1])
    assert changed.endswith(text[node.end - 1 :])


def comments_between(text, start, end):
    return [text[c.start : c.end] for c in parse(text).comments if start <= c.start < end]


@properties
@given(DOCUMENTS, st.sampled_from(["\n", "\r\n"]), st.data())
def test_new_lines_end_like_the_old_ones(document, newline, data):
    text = json.dumps(document, indent=2).replace("\n", newline)
    changed = set_value(text, ("new", "key"), data.draw(VALUES))
    if newline in text:
        assert changed.replace(newline, "").count("\n") == 0


@properties
@given(written())
def test_lines_are_counted_as_an_editor_counts_them(text):
    tree = parse(text)
    if isinstance(tree.root, Object):
        for member in tree.root.items:
            before = text[: member.start].replace("\r\n", "\n").replace("\r", "\n")
            if tree.root.find(member.key) is member:
                assert tree.line((member.key,)) == before.count("\n") + 1


@properties
@given(st.lists(st.one_of(KEYS, st.integers(0, 99)), min_size=1))
def test_a_path_survives_being_written_and_read(steps):
    assert parse_path(format_path(steps)) == tuple(steps)


@properties
@given(st.floats(allow_nan=False, allow_infinity=False))
def test_numbers_keep_their_value(number):
    changed = json5.loads(set_value("{}", "x", number))["x"]
    assert math.copysign(1, changed) == math.copysign(1, number)
    assert changed == number


PIECES = [*"{}[]:,\"'\\/*.+-_$0a \n\r\t", "0x", "1e", "1E+2", "//", "/*", "*/", '"a"', "a:", "{}"]
PIECES += ["true", "null", "NaN", "Infinity", "\\u0061", "\\x41", "\\0", "é"]
PIECES += ["\u2028", "\ufeff", "\x85", "\u0661"]
SOUP = st.lists(st.sampled_from(PIECES), max_size=12).map("".join)


@pytest.mark.extensive("it tries hundreds of generated documents")
@settings(properties, max_examples=300)
@given(
    st.one_of(SOUP, SOUP.map("[{}]".format), SOUP.map("{{a:{}}}".format), SOUP.map('"{}"'.format))
)
def test_we_read_what_json5_reads_and_refuse_what_it_refuses(text):
    assert reading(text, lambda text: value_of(parse(text).root)) == reading(text, json5.loads)


def reading(text, reader):
    try:
        return repr(reader(text))
    except (ValueError, AttributeError):
        return "refused"
