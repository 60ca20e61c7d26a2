import importlib.util
from functools import cache

import pytest
from chat_templates import TOOLS_TEMPLATE
from gguf_files import write_with_template

from modelwire.config import ProviderConfig
from modelwire_local import models as embedded
from modelwire_local import plugin
from modelwire_local.processor import missing_features


@pytest.fixture(scope="session", autouse=True)
def warm():
    """Import what streams need before the first, off the event loop, as the runtime does."""
    plugin.warm_up()


@pytest.fixture
def provider():
    return ProviderConfig(id="local")


@pytest.fixture
def weights():
    """The embedded model's file; the test is skipped where it cannot be run."""
    if importlib.util.find_spec("xllamacpp") is None:
        pytest.skip("the engine xllamacpp is not installed")
    if missing_features():
        pytest.skip("this processor cannot run the engine")
    path = embedded.find_weights()
    if path is None:
        pytest.skip(f"the weights are not installed: {embedded.INSTALL_COMMAND}")
    return path


@pytest.fixture(scope="session")
def make_gguf(tmp_path_factory):
    """Makes GGUF files of the embedded model with another chat template, one for each template."""

    @cache
    def make(weights, template=TOOLS_TEMPLATE):
        path = tmp_path_factory.mktemp("gguf") / "model.gguf"
        write_with_template(weights, path, template)
        return path

    return make
