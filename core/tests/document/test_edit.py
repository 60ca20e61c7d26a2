import pytest

from modelwire.document.edit import read_value, set_value, unset_value
from modelwire.errors import ConfigError

DOCUMENT = """\
{
  // the models
  models: {
    providers: {
      acme: {
        baseUrl: 'https://acme.example', // where
        models: [
          { id: 'one' },
          { id: 'two', maxTokens: 5 }, // second
        ],
      }, // end of acme
      // more to come
    },
  },
  agents: { defaults: { model: 'acme/one' } },
}
"""


def replaced(old, new):
    assert DOCUMENT.count(old) == 1
    return DOCUMENT.replace(old, new)


def test_a_value_is_read_as_it_is_written():
    text = "{a: [{b: '${KEY}'}], c: null, /* no d */}"
    assert read_value(text, "a[0].b") == "${KEY}"
    assert read_value(text, ("a",)) == [{"b": "${KEY}"}]
    assert [read_value(text, path) for path in ("c", "d", "a[3].b", "a[0].b.x")] == [None] * 4
    assert read_value("", "a") is None
    with pytest.raises(ConfigError):
        read_value("{", "a")


def test_a_value_is_replaced_in_its_place():
    changed = set_value(DOCUMENT, "models.providers.acme.models[1].maxTokens", 6)
    assert changed == replaced("maxTokens: 5", "maxTokens: 6")


def test_a_new_member_is_written_like_its_neighbours():
    changed = set_value(DOCUMENT, "models.providers.acme.apiKey", "${KEY}")
    assert changed == replaced("        ],\n", "        ],\n        apiKey: '${KEY}',\n")


def test_a_key_that_needs_quotes_gets_those_of_the_document():
    changed = set_value(DOCUMENT, 'agents.defaults.models["acme/one"].alias', "o")
    assert changed == replaced(
        "'acme/one' }", "'acme/one', models: { 'acme/one': { alias: 'o' } } }"
    )


def test_missing_parents_are_created_after_the_comment_on_the_last_line():
    changed = set_value(DOCUMENT, "models.providers.other.models[0].id", "x")
    new = """\
      other: {
        models: [
          {
            id: 'x',
          },
        ],
      },
"""
    assert changed == replaced("// end of acme\n", f"// end of acme\n{new}")


def test_an_index_of_the_lists_length_appends():
    changed = set_value(DOCUMENT, "models.providers.acme.models[2]", "three")
    assert changed == replaced("// second\n", "// second\n          'three',\n")


def test_without_trailing_commas_the_last_line_gets_one_and_the_new_one_none():
    text = '{\n  "a": 1 // one\n}\n'
    assert set_value(text, "b", 2) == '{\n  "a": 1, // one\n  "b": 2\n}\n'


def test_strict_json_stays_strict_json():
    text = '{\n    "a": {\n        "b": 1\n    }\n}\n'
    changed = set_value(text, "a.c.d", [1, {}])
    assert changed == (
        '{\n    "a": {\n        "b": 1,\n        "c": {\n            "d": [\n                1,\n'
        "                {}\n            ]\n        }\n    }\n}\n"
    )
    assert unset_value(changed, "a.c") == text
    assert unset_value(unset_value(text, "a.b"), "a") == "{}\n"


def test_tabs_and_windows_line_ends_are_kept():
    text = '{\r\n\t"a": {\r\n\t\t"b": 1\r\n\t}\r\n}\r\n'
    changed = set_value(text, "a.c", {"d": 1})
    assert changed == text.replace("1\r\n", '1,\r\n\t\t"c": {\r\n\t\t\t"d": 1\r\n\t\t}\r\n')


@pytest.mark.parametrize(
    ("text", "changed"),
    [
        ("", "{\n  a: {\n    b: 1\n  }\n}\n"),
        ("\ufeff", "\ufeff{\n  a: {\n    b: 1\n  }\n}\n"),
        ("// mine", "// mine\n{\n  a: {\n    b: 1\n  }\n}\n"),
        ("// mine\r\n", "// mine\r\n{\r\n  a: {\r\n    b: 1\r\n  }\r\n}\r\n"),
        ("{}", '{\n  "a": {\n    "b": 1\n  }\n}'),
        ("{ }\n", '{\n  "a": {\n    "b": 1\n  }\n}\n'),
        ("{ // mine\n}", '{ // mine\n  "a": {\n    "b": 1\n  }\n}'),
        ("{ /* mine */ }", '{ /* mine */ "a": {"b": 1} }'),
        ("{a: null}", "{a: {b: 1}}"),
    ],
)
def test_an_empty_document_gets_its_first_member(text, changed):
    assert set_value(text, "a.b", 1) == changed


def test_in_a_new_document_only_keys_that_need_quotes_have_them():
    text = set_value("", ("models", "x/y-1"), {"alias": "z"})
    assert text == '{\n  models: {\n    "x/y-1": {\n      alias: "z"\n    }\n  }\n}\n'
    assert "  other: 1\n" in set_value(text, "other", 1)


@pytest.mark.parametrize(
    "text",
    ["{a: 0x10, }", "{'a': +16.0}", '{"a": 1.6e1}', "{ /* x */ a /* y */ : /* z */ 16 // w\n }"],
)
def test_an_equal_value_leaves_the_text_as_it_is(text):
    assert set_value(text, "a", 16) == text


def test_true_is_not_one():
    assert set_value("{a: 1}", "a", True) == "{a: true}"
    assert set_value("{a: true}", "a", 1) == "{a: 1}"


def test_an_object_over_an_object_changes_only_what_differs():
    text = "{\n  a: {\n    x: 1, // one\n    y: [1, 2, 3], // list\n    z: 0x3,\n  },\n}"
    changed = set_value(text, "a", {"z": 3, "x": 5, "y": [1, 9], "new": None})
    assert (
        changed
        == "{\n  a: {\n    x: 5, // one\n    y: [1, 9], // list\n    z: 0x3,\n    new: null,\n  },\n}"
    )


def test_comments_in_a_replaced_value_move_in_front_of_the_new_one():
    text = "{\n  a: {\n    // why\n    x: 1, /* and how */\n  },\n}"
    assert set_value(text, "a", 5) == "{\n  a: // why\n    /* and how */ 5,\n}"


def test_of_a_key_that_comes_twice_the_last_one_is_set_and_all_are_removed():
    assert set_value("{a: 1, a: 2}", "a", 3) == "{a: 1, a: 3}"
    assert unset_value("{a: 1, b: 0, a: 2}", "a") == "{b: 0}"


def test_removing_a_member_leaves_no_empty_line_and_keeps_the_comments_around_it():
    assert unset_value(DOCUMENT, "agents") == replaced(
        "  agents: { defaults: { model: 'acme/one' } },\n", ""
    )
    changed = unset_value(DOCUMENT, "models.providers.acme.baseUrl")
    assert changed == replaced("baseUrl: 'https://acme.example', // where", "// where")


@pytest.mark.parametrize(
    ("text", "path", "changed"),
    [
        ("{a: 1, b: 2}", "a", "{b: 2}"),
        ("{a: 1, b: 2}", "b", "{a: 1}"),
        ("{ a: 1 }", "a", "{}"),
        ("{ a: 1, /* c */ }", "a", "{ /* c */ }"),
        ("[1, 2, 3]", "[1]", "[1, 3]"),
        ("{a: 1 /* c */, b: 2}", "a", "{/* c */ b: 2}"),
        ("{\n  a: 1,\n  b: 2 // c\n}", "b", "{\n  a: 1\n  // c\n}"),
        ("{\n  a: 1, b: 2,\n}", "a", "{\n  b: 2,\n}"),
        ("{a: [{b: 1}]}", "a[0].b", "{a: [{}]}"),
    ],
)
def test_removing_closes_the_gap(text, path, changed):
    assert unset_value(text, path) == changed


@pytest.mark.parametrize("path", ["x", "models.x.y", "agents.defaults.model.primary", "models[9]"])
def test_removing_what_is_not_there_changes_nothing(path):
    assert unset_value(DOCUMENT, path) == DOCUMENT


@pytest.mark.parametrize(
    ("text", "path", "message"),
    [
        (
            "{items: [1, 2]}",
            "items[5]",
            (
                'Cannot set array index 5; array "items" has 2 element(s). '
                "Use index 2 to append or a lower index to update."
            ),
        ),
        (
            "{items: [1, 2]}",
            "items[5].x",
            (
                'Cannot set array index 5; array "items" has 2 element(s). '
                "Use index 2 to append or a lower index to update."
            ),
        ),
        (
            "{}",
            "a.items[1]",
            (
                'Cannot set array index 1; array "a.items" has 0 element(s). '
                "Use index 0 to append or a lower index to update."
            ),
        ),
        ("{items: []}", "items.x", 'Expected an index of the array "items", found "x"'),
        ("{a: 'b'}", "a.c", 'Cannot set "a.c": "a" is a string, not an object or an array.'),
        (
            "{a: true}",
            "a[0]",
            'Cannot set "a[0]": "a" is true or false, not an object or an array.',
        ),
        ("5", "a", 'Cannot set "a": the document is a number, not an object or an array.'),
    ],
)
def test_what_cannot_be_set_is_refused_with_the_reason(text, path, message):
    with pytest.raises(ConfigError) as caught:
        set_value(text, path, 1)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (float("inf"), "Value must be a finite number, found Infinity"),
        ([{"a": float("nan")}], "Value must be a finite number, found NaN"),
        ({1: 2}, "Value must have strings as keys, found 1"),
        (object(), "Value must be JSON data, found an object of type object"),
        ("\ud800", "Value must be valid Unicode, found a lone surrogate"),
    ],
)
def test_only_json_data_can_be_set(value, message):
    with pytest.raises(ConfigError) as caught:
        set_value("{}", "a", value)
    assert str(caught.value) == message


def test_a_broken_document_is_not_edited():
    with pytest.raises(ConfigError) as caught:
        set_value("{\n a: 1 b: 2}", "a", 1)
    assert caught.value.problems[0].line == 2
    with pytest.raises(ConfigError, match="empty segment"):
        unset_value("{}", ())


def test_a_comment_stays_beside_the_value_that_it_follows_on_one_line():
    text = "{ a: { b: 1 /* one */ }, c: [2 /* two */, ] }"
    text = set_value(text, "a.x", 3)
    text = set_value(text, "c[1]", 4)
    assert text == "{ a: { b: 1 /* one */, x: 3 }, c: [2 /* two */, 4, ] }"
    assert set_value("{ a: 1 // one\n}", "b", 2) == "{ a: 1, b: 2 // one\n}"
