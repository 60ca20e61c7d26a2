import pytest

from modelwire.document.paths import format_path, list_index, parse_path
from modelwire.errors import ConfigError


@pytest.mark.parametrize(
    ("text", "steps"),
    [
        ("models", ("models",)),
        ("models.mode", ("models", "mode")),
        ("items[1]", ("items", 1)),
        ("items[ 1 ].id", ("items", 1, "id")),
        ("items.1", ("items", "1")),
        ('models["a.b"].alias', ("models", "a.b", "alias")),
        ("models['a.b']", ("models", "a.b")),
        (r"models.a\.b", ("models", "a.b")),
        (r'models["say \"hi\""]', ("models", 'say "hi"')),
        ('["first"][0][1].x', ("first", 0, 1, "x")),
        (r'["\ud83d\ude00"]', ("\U0001f600",)),
        (" models . mode ", ("models", "mode")),
        (
            "agents.defaults.models.google/gemini-3-pro-preview.alias",
            ("agents", "defaults", "models", "google/gemini-3-pro-preview", "alias"),
        ),
        (
            'agents.defaults.models["amazon-bedrock/us.x.y-v1:0"].alias',
            ("agents", "defaults", "models", "amazon-bedrock/us.x.y-v1:0", "alias"),
        ),
    ],
)
def test_a_path_is_keys_and_indexes(text, steps):
    assert parse_path(text) == steps
    assert parse_path(format_path(steps)) == steps


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "Invalid path (empty segment)"),
        ("a..b", "Invalid path (empty segment)"),
        ("a.", "Invalid path (empty segment)"),
        (".a", "Invalid path (empty segment)"),
        ("a.[0]", "Invalid path (empty segment)"),
        ("a[0", 'Invalid path (missing "]")'),
        ('a["b', 'Invalid path (missing "]")'),
        ('a["b"', 'Invalid path (missing "]")'),
        ("a[]", 'Invalid path (empty "[]")'),
        ("a[0]b", "Invalid path (missing separator after bracket)"),
        ("a\\", "Invalid path (trailing escape)"),
        ("a.__proto__.b", "Invalid path segment: __proto__"),
        ('a["constructor"]', "Invalid path segment: constructor"),
        ("prototype", "Invalid path segment: prototype"),
    ],
)
def test_what_is_not_a_path_is_refused_with_the_reason(text, message):
    with pytest.raises(ConfigError) as caught:
        parse_path(text)
    assert str(caught.value) == message


def test_keys_that_need_quotes_get_them():
    assert format_path(("models", "a.b", 0, "c d", "x/y")) == 'models["a.b"][0]["c d"].x/y'


@pytest.mark.parametrize(("step", "index"), [(3, 3), ("3", 3), ("x", None), ("", None), (-1, None)])
def test_an_index_may_be_written_as_a_key(step, index):
    assert list_index(step) == index


def test_odd_white_space_around_an_index_is_ignored_as_any_other():
    assert parse_path("a[8\x1d]") == ("a", 8)
