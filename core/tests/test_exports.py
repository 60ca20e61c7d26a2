"""Names that are looked for in the package, and are elsewhere."""

import pytest

import modelwire
from modelwire import errors, events


@pytest.mark.parametrize("name", ["complete", "stream", "embed"])
def test_a_function_that_is_a_method_is_found(name):
    assert callable(getattr(modelwire.Runtime, name))
    assert callable(getattr(modelwire.SyncRuntime, name))
    with pytest.raises(AttributeError) as refused:
        getattr(modelwire, name)
    assert str(refused.value) == (
        f"module 'modelwire' has no attribute '{name}'; "
        "it is a method of Runtime, and of SyncRuntime without asyncio"
    )


@pytest.mark.parametrize("module", [errors, events])
def test_a_class_of_another_module_is_found(module):
    elsewhere = sorted(set(module.__all__) - set(modelwire.__all__))
    for name in elsewhere:
        if name[0].isupper():
            with pytest.raises(AttributeError, match=rf"{name}'; it is in {module.__name__}$"):
                getattr(modelwire, name)


def test_a_name_that_is_nowhere_is_an_attribute_error_of_the_module():
    with pytest.raises(AttributeError, match=r"^module 'modelwire' has no attribute 'Nope'$") as no:
        modelwire.Nope  # noqa: B018
    assert (no.value.name, no.value.obj) == ("Nope", modelwire)
    assert not hasattr(modelwire, "__wrapped__")
