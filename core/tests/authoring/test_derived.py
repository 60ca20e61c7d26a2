"""What is derived from a configuration is kept for its next call, and for no other."""

import gc

from attrs import frozen

from modelwire.authoring import DerivedValues


@frozen
class Origin:
    name: str


def test_it_is_made_once_for_the_same_objects_and_key():
    derived, made = DerivedValues(), []
    one, other = Origin("a"), Origin("a")
    assert one == other
    for origins, key in [((one,), 1), ((one,), 1), ((other,), 1), ((one,), 2), ((one, other), 1)]:
        derived.derive(origins, key, lambda: made.append(1))
    assert len(made) == 4


def test_an_error_is_raised_and_not_kept():
    derived, origin = DerivedValues(), Origin("a")
    assert [derived.derive((origin,), None, lambda n=number: n) for number in (1, 2)] == [1, 1]
    for _ in range(2):
        try:
            derived.derive((origin,), "key", lambda: 1 / 0)
        except ZeroDivisionError:
            continue
        raise AssertionError
    assert derived.derive((origin,), "key", lambda: 3) == 3


def test_it_is_dropped_with_any_of_the_objects():
    derived, lasting = DerivedValues(), Origin("a")
    for number in range(1000):
        passing = Origin(str(number))
        assert derived.derive((lasting, passing), None, lambda n=number: n) == number
        del passing
        gc.collect(0)
    assert not derived._known


def test_no_more_than_some_are_kept():
    derived = DerivedValues()
    origins = [Origin(str(number)) for number in range(1000)]
    for origin in origins:
        assert derived.derive((origin,), None, lambda o=origin: o.name) == origin.name
    assert 0 < len(derived._known) <= 256
