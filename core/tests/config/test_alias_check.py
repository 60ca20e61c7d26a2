"""What may not be meant in the short names of models."""

import pytest

from modelwire.config import Config
from modelwire.config.alias_check import alias_warnings
from modelwire.document import format_path

PROVIDERS = {"bolt": {"models": ["nemo", "solo"]}}


@pytest.mark.parametrize(
    ("models", "warnings"),
    [
        ({"bolt/nemo": {"alias": "quick"}, "other/x": {}}, []),
        ({"bolt/nemo": {"alias": "nemo"}}, []),
        (
            {"nick": {"alias": "quick"}},
            [
                (
                    "agents.defaults.models.nick: is not provider/model-id. "
                    "The key is the model, and its `alias` the short name."
                )
            ],
        ),
        (
            {"nick": {"alias": "Bolt/nemo"}},
            [
                (
                    "agents.defaults.models.nick: is not provider/model-id. "
                    "The key is the model, and its `alias` the short name."
                ),
                (
                    'agents.defaults.models.nick.alias: "Bolt/nemo" is the name of a configured '
                    "model, which counts."
                ),
            ],
        ),
        (
            {"bolt/solo": {"alias": "Nemo"}},
            [
                (
                    'agents.defaults.models.bolt/solo.alias: "Nemo" hides the model bolt/nemo, '
                    "unless it is named so."
                )
            ],
        ),
        (
            {"other/x": {"alias": "bolt/unlisted"}},
            [
                (
                    'agents.defaults.models.other/x.alias: "bolt/unlisted" reads as a model of bolt, '
                    "which it hides. Choose a name without a slash."
                )
            ],
        ),
        ({"bolt/nemo": {"alias": "my/quick"}}, []),
    ],
    ids=[
        "right",
        "its own id",
        "no reference",
        "the wrong way round",
        "another model's id",
        "a provider's name before the slash",
        "another word before the slash",
    ],
)
def test_aliases_that_may_not_be_meant_are_found(models, warnings):
    config = Config.from_document(
        {"models": {"providers": PROVIDERS}, "agents": {"defaults": {"models": models}}}, environ={}
    )
    found = [f"{format_path(path)}: {message}" for path, message in alias_warnings(config)]
    assert found == warnings
