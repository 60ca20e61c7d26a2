import pytest

from modelwire.config.environment import has_placeholder, substitute

ENVIRON = {"A": "one", "B_2": "two", "_X": "three", "EMPTY": "", "NESTED": "${A} $${A}"}


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("${A}", "one"),
        ("${A}/${B_2}", "one/two"),
        ("pre-${_X}-post", "pre-three-post"),
        ("${A}${A}", "oneone"),
        ("$${A}", "${A}"),
        ("$${A} ${A} $${B_2}", "${A} one ${B_2}"),
        ("$$${A}", "$${A}"),
        ("${NESTED}", "${A} $${A}"),
        ("$A", "$A"),
        ("${a}", "${a}"),
        ("${Mixed}", "${Mixed}"),
        ("${1A}", "${1A}"),
        ("${}", "${}"),
        ("${A", "${A"),
        ("$${lower}", "$${lower}"),
        ("", ""),
    ],
)
def test_a_placeholder_is_replaced_by_a_variable_and_everything_else_stays(text, result):
    assert substitute(text, ENVIRON) == (result, [])


def test_strings_are_found_in_objects_and_lists_and_nothing_else_is_touched():
    data = {"${A}": ["${A}", {"deep": ["${B_2}"]}], "n": 1, "t": True, "nil": None}
    result, missing = substitute(data, ENVIRON)
    assert result == {"${A}": ["one", {"deep": ["two"]}], "n": 1, "t": True, "nil": None}
    assert missing == []
    assert data["${A}"][0] == "${A}"


def test_every_missing_or_empty_variable_is_reported_with_its_path():
    data = {"a": {"b.c": "${NOPE} ${A}"}, "items": ["x", "${EMPTY}"], "two": "${P}${Q}"}
    result, missing = substitute(data, ENVIRON)
    assert [item.message for item in missing] == [
        'Missing env var "NOPE" referenced at config path: a["b.c"]',
        'Missing env var "EMPTY" referenced at config path: items[1]',
        'Missing env var "P" referenced at config path: two',
        'Missing env var "Q" referenced at config path: two',
    ]
    assert result["a"]["b.c"] == "${NOPE} one"
    assert result["items"][1] == "${EMPTY}"


def test_only_strings_can_hold_a_placeholder():
    assert has_placeholder("a ${A}")
    assert has_placeholder("$${A}")
    assert not has_placeholder("$A")
    assert not has_placeholder(5)
