"""The table of routes, beside the emulator's catalogue, which was written from other sources' lists."""

import pytest

from modelwire_bedrock.emulator.catalogue import load_catalogue
from modelwire_bedrock.models.families import family_of
from modelwire_bedrock.models.routes import (
    CHAT,
    CONVERSE,
    MESSAGES,
    RESPONSES,
    mantle_name,
    routes_of,
)

APIS = {"ChatCompletions": CHAT, "Responses": RESPONSES, "Messages": MESSAGES}
MANTLE = sorted(load_catalogue().mantle.values(), key=lambda model: model.id)
KNOWN_TO_NO_ROW = {"writer.palmyra-vision-7b"}


@pytest.mark.parametrize("listed", MANTLE, ids=lambda model: model.id)
def test_a_model_that_mantle_lists_is_called_as_it_serves_it(listed):
    row = routes_of(listed.id)
    if row is None:
        assert listed.id in KNOWN_TO_NO_ROW
        return
    assert row.mantle[0] in {APIS[name] for name in listed.operations if name in APIS}
    if row.mantle[0] != MESSAGES:
        assert f"/{row.prefix}" == listed.prefix
    assert mantle_name(listed.id) == listed.id
    if listed.of:
        assert mantle_name(listed.of) == listed.id


@pytest.mark.parametrize("listed", MANTLE, ids=lambda model: model.id)
def test_the_tables_of_routes_and_of_families_agree_about_converse(listed):
    row, called = routes_of(listed.id), listed.of or listed.id
    if row is not None:
        assert (CONVERSE in row.runtime) == family_of(called).converse, called
