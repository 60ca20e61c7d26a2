import hashlib

import pytest

from modelwire.errors import PluginError
from modelwire_local import models as embedded
from modelwire_local.models import verify_weights

CONTENT = b"GGUF and then some"
SHA256 = hashlib.sha256(CONTENT).hexdigest()


def test_the_installed_weights_are_the_expected_file(weights):
    verify_weights(weights)


def test_the_expected_bytes_pass(tmp_path):
    path = tmp_path / "model.gguf"
    path.write_bytes(CONTENT)
    verify_weights(path, size=len(CONTENT), sha256=SHA256)


@pytest.mark.parametrize("content", [CONTENT[:-1], CONTENT[:-1] + b"?"])
def test_cut_or_changed_weights_are_refused_with_the_remedy(tmp_path, content):
    path = tmp_path / "model.gguf"
    path.write_bytes(content)
    with pytest.raises(PluginError, match="damaged") as caught:
        verify_weights(path, size=len(CONTENT), sha256=SHA256)
    assert "--force-reinstall" in caught.value.hint


def test_weights_that_vanished_are_an_error_of_ours(tmp_path):
    with pytest.raises(PluginError, match="Cannot read"):
        verify_weights(tmp_path / "absent.gguf")


def test_weights_that_are_not_installed_are_not_found(monkeypatch):
    monkeypatch.setattr(embedded, "_DISTRIBUTION", "no-such-package-anywhere")
    assert embedded.find_weights() is None
