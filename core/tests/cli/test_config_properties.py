"""Thousands of documents, edited in real files by what `config set`, `unset` and `patch` do."""

import copy
import json

import json5
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from json5_documents import DOCUMENTS, KEYS, VALUES, comments, written
from json5_edits import at, edits, paths_in, with_change
from long_runs import scaled

from modelwire.cli.config.change import Report
from modelwire.cli.config.operations import ConfigOperation
from modelwire.config.edit import edit_config
from modelwire.config.patch import apply_patch
from modelwire.document.parser import parse, value_of

pytestmark = pytest.mark.timeout(600)

many = settings(
    max_examples=scaled(100, 20_000),
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)


@pytest.fixture
def file(tmp_path):
    return tmp_path / "modelwire.json5"


def edited(file, text, edit):
    """Let a real file be edited; return its new text."""
    file.write_bytes(text.encode())
    before = file.stat()
    result = edit_config(lambda text: edit(text, file, Report("Set")), file)
    after = file.read_bytes().decode()
    assert result.changed == (after != text)
    if not result.changed:
        assert (file.stat().st_mtime_ns, file.stat().st_ino) == (before.st_mtime_ns, before.st_ino)
    return after


def quoted(path):
    return "".join(f"[{step if isinstance(step, int) else json.dumps(step)}]" for step in path)


def item_at(text, path):
    node, item = parse(text).root, None
    for step in path:
        item = node.find(step)
        node = item.node
    return item


def source(text, path):
    item = item_at(text, path)
    return text[item.start : item.end]


def comments_inside(text, path):
    item = item_at(text, path)
    return [
        text[comment.start : comment.end]
        for comment in parse(text).comments
        if item.start <= comment.start < item.end
    ]


def check_untouched(before, after, touched):
    """Key, value, comments and white space of all that was not asked for are as they were."""
    touched = [tuple(map(str, path)) for path in touched]
    for path in paths_in(value_of(parse(before).root)):
        steps = tuple(map(str, path))
        if not any(
            steps[: len(other)] == other or other[: len(steps)] == steps for other in touched
        ):
            assert source(after, path) == source(before, path)


@pytest.mark.extensive("it tries hundreds of generated documents")
@many
@given(edit=edits())
def test_set_changes_one_value_of_a_file_and_nothing_else(file, edit):
    text, path, value = edit
    if not path:
        return
    after = edited(file, text, ConfigOperation(quoted(path), value, "replace").apply)
    assert json5.loads(after) == with_change(value_of(parse(text).root), path, value)
    assert sorted(comments(after)) == sorted(comments(text))
    check_untouched(text, after, [path])


@pytest.mark.extensive("it tries hundreds of generated documents")
@many
@given(written(DOCUMENTS.filter(bool)), st.data())
def test_unset_removes_one_value_of_a_file_and_nothing_else(file, text, data):
    expected = value_of(parse(text).root)
    path = data.draw(st.sampled_from(list(paths_in(expected))))
    parent = at(expected, path[:-1])
    inside = comments_inside(text, path)
    after = edited(file, text, ConfigOperation(quoted(path), how="unset").apply)
    # What follows a removed element of a list moves up.
    touched = path[:-1] if isinstance(parent, list) else path
    del parent[path[-1]]
    assert json5.loads(after) == expected
    assert sorted(comments(after) + inside) == sorted(comments(text))
    check_untouched(text, after, [touched])


@st.composite
def patches(draw):
    """A text, and a patch that meets it in some places."""
    text = draw(written())
    data = value_of(parse(text).root)
    known = [path for path in paths_in(data) if all(isinstance(step, str) for step in path)]
    patch = {}
    for _ in range(draw(st.integers(0, 3))):
        path = draw(st.sampled_from([(), *known]))
        path = (*path, *draw(st.lists(KEYS, min_size=not path, max_size=2)))
        parent = patch
        for step in path[:-1]:
            if not isinstance(parent.get(step), dict):
                parent[step] = {}
            parent = parent[step]
        parent[path[-1]] = draw(st.one_of(st.none(), VALUES))
    return text, patch


def merged(data, patch):
    """RFC 7396, word for word."""
    if not isinstance(patch, dict):
        return patch
    data = copy.deepcopy(data) if isinstance(data, dict) else {}
    for key, value in patch.items():
        if value is None:
            data.pop(key, None)
        else:
            data[key] = merged(data.get(key), value)
    return data


def removed_by(data, patch, path=()):
    """The paths that a patch removes."""
    for key, value in patch.items():
        if value is None and key in data:
            yield (*path, key)
        elif isinstance(value, dict) and isinstance(data.get(key), dict):
            yield from removed_by(data[key], value, (*path, key))


def touched_by(data, patch, path=()):
    """The paths that a patch changes as a whole."""
    for key, value in patch.items():
        if isinstance(value, dict) and isinstance(data.get(key), dict):
            yield from touched_by(data[key], value, (*path, key))
        else:
            yield (*path, key)


@many
@given(patches())
def test_a_patch_changes_what_it_names_and_nothing_else(file, edit):
    text, patch = edit
    data = value_of(parse(text).root)
    after = edited(file, text, lambda text, *_: apply_patch(text, patch))
    assert json5.loads(after) == merged(data, patch)
    inside = [
        comment for path in removed_by(data, patch) for comment in comments_inside(text, path)
    ]
    assert sorted(comments(after) + inside) == sorted(comments(text))
    check_untouched(text, after, list(touched_by(data, patch)))
    assert apply_patch(after, patch) == after
