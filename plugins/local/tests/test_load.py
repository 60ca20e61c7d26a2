import os

import pytest

from modelwire.errors import NotFound, PluginError, ServerError
from modelwire_local import load as loading
from modelwire_local.load import check_gguf, describe_load_failure, load_model
from modelwire_local.settings import EngineSettings


def settings(path, *, window=512, embedded=False):
    return EngineSettings(path=path, context_window=window, threads=1, embedded=embedded)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(NotFound, match=r"absent\.gguf") as caught:
        check_gguf(tmp_path / "absent.gguf")
    assert "path" in caught.value.hint


def test_a_folder_is_not_a_model(tmp_path):
    with pytest.raises(NotFound):
        check_gguf(tmp_path)


@pytest.mark.parametrize("content", [b"", b"GGU", b"PK\x03\x04 something else"])
def test_another_kind_of_file_is_refused(tmp_path, content):
    path = tmp_path / "model.gguf"
    path.write_bytes(content)
    with pytest.raises(NotFound, match="not a GGUF file"):
        check_gguf(path)


def test_a_cut_file_is_a_typed_error(tmp_path, weights):
    path = tmp_path / "cut.gguf"
    with weights.open("rb") as file:
        path.write_bytes(file.read(4_000_000))
    with pytest.raises(ServerError, match=r"could not load cut\.gguf") as caught:
        load_model(settings(path))
    assert not caught.value.retryable
    assert caught.value.hint


@pytest.mark.usefixtures("weights")
def test_a_file_of_nothing_but_the_magic_is_a_typed_error(tmp_path):
    path = tmp_path / "empty.gguf"
    path.write_bytes(b"GGUF")
    with pytest.raises(ServerError, match="could not load"):
        load_model(settings(path))


def test_too_little_memory_is_kept_apart(tmp_path, monkeypatch):
    path = tmp_path / "large.gguf"
    path.write_bytes(b"GGUF" + bytes(4 * 2**20))
    monkeypatch.setattr(loading, "_available_memory", lambda: 2**20)
    error = describe_load_failure(settings(path))
    assert "not enough memory" in error.message
    assert "4 MiB" in error.message


def test_damaged_weights_are_refused_before_they_are_loaded(tmp_path):
    path = tmp_path / "model.gguf"
    path.write_bytes(b"GGUF")
    with pytest.raises(PluginError, match="damaged"):
        load_model(settings(path, embedded=True))


def test_loading_leaves_the_environment_as_it_was(weights):
    before = dict(os.environ)
    model = load_model(EngineSettings(weights, 512, 2, embedded=True))
    del model
    assert dict(os.environ) == before
