"""The error tree keeps the promises at the top of its file."""

import copy
import pickle
import re
import traceback

import pytest

from modelwire import errors
from modelwire.errors import ConfigError, ModelwireError, Problem, RateLimited, RequestTimeout

ALL = [getattr(errors, name) for name in errors.__all__ if name not in ("Attempt", "Problem")]


def test_every_error_has_a_code_of_its_own_and_is_in_the_drawn_tree():
    drawn = {
        (m["name"], m["code"], bool(m["retryable"]))
        for m in re.finditer(
            r"─ (?P<name>\w+) +(?P<code>[a-z_]+)  .*?(?P<retryable>retryable)?$",
            errors.__doc__,
            re.MULTILINE,
        )
    }
    built = {(e.__name__, e.code, e.retryable) for e in ALL if e is not ModelwireError}
    assert drawn == built
    assert len({e.code for e in ALL}) == len(ALL)


@pytest.mark.parametrize("kind", ALL)
def test_every_error_can_be_pickled_with_its_details(kind):
    error = kind("it broke", hint="mend it")
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is kind
    assert (str(copy), copy.hint, copy.__dict__) == (str(error), "mend it", error.__dict__)


def test_an_error_of_a_plugin_that_was_not_set_up_is_still_one():
    class Careless(RateLimited):
        def __init__(self, seconds):
            self.seconds = seconds

    error = Careless(5)
    assert str(error) == "5"
    assert (error.message, error.hint, error.partial, error.attempts) == ("", None, None, ())
    assert (error.provider, error.status, error.retry_after) == (None, None, None)
    assert str(RateLimited(5)) == "5"


def test_callers_may_catch_the_builtin_instead():
    assert issubclass(RequestTimeout, TimeoutError)
    assert issubclass(errors.ConnectionFailed, ConnectionError)
    assert issubclass(errors.UnknownModel, LookupError)


def test_a_timeout_says_which_deadline_passed():
    error = RequestTimeout.in_phase("idle", 2.5, provider="acme")
    assert (error.phase, error.provider, str(error)) == (
        "idle",
        "acme",
        "Nothing more arrived within 2.5 seconds.",
    )


def test_a_document_error_lists_every_problem_with_its_line():
    error = ConfigError(
        "The configuration is not valid.",
        problems=[Problem("models.mode", "expected x", 3), Problem("", "is empty")],
        source="/etc/modelwire.json5",
    )
    assert str(error).splitlines() == [
        "The configuration is not valid.",
        "  /etc/modelwire.json5:3: models.mode: expected x",
        "  /etc/modelwire.json5: is empty",
    ]


def test_retryable_can_be_overruled_for_one_error():
    assert RateLimited("x").retryable
    assert not RateLimited("x", retryable=False).retryable


def test_a_traceback_shows_the_hint():
    error = RateLimited("Too often.", hint="Wait.")
    shown = "".join(traceback.format_exception(error))
    assert shown.endswith("modelwire.errors.RateLimited: Too often.\nHint: Wait.\n")


def test_a_hint_that_changes_is_shown_once_and_other_notes_stay():
    error = RateLimited("Too often.", hint="Wait.")
    error.add_note("While the model answered.")
    error.hint = "Wait a minute."
    assert error.__notes__ == ["While the model answered.", "Hint: Wait a minute."]
    error.hint = None
    assert (error.hint, error.__notes__) == (None, ["While the model answered."])


def test_an_error_without_a_hint_has_no_notes():
    error = RateLimited("Too often.")
    error.hint = None
    assert not hasattr(error, "__notes__")


def test_a_copy_has_the_hint_too():
    error = copy.copy(RateLimited("Too often.", hint="Wait."))
    assert (error.hint, error.__notes__) == ("Wait.", ["Hint: Wait."])
