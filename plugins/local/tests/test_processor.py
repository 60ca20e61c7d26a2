from modelwire_local import processor
from modelwire_local.processor import missing_features, read_flags

OLD = """\
processor\t: 0
model name\t: Intel(R) Core(TM) i7-3770
flags\t\t: fpu sse4_2 avx f16c rdrand
"""


def test_the_flags_of_the_first_processor_are_read():
    assert read_flags(OLD) == {"fpu", "sse4_2", "avx", "f16c", "rdrand"}


def test_a_text_without_flags_says_nothing():
    assert read_flags("processor : 0\nFeatures : fp asimd\n") is None


def test_an_old_processor_lacks_what_the_engine_needs(tmp_path, monkeypatch):
    cpuinfo = tmp_path / "cpuinfo"
    cpuinfo.write_text(OLD)
    monkeypatch.setattr(processor, "_CPUINFO", cpuinfo)
    monkeypatch.setattr(processor.sys, "platform", "linux")
    monkeypatch.setattr(processor.platform, "machine", lambda: "x86_64")
    assert missing_features() == ("avx2", "bmi2", "fma")


def test_unreadable_flags_forbid_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(processor, "_CPUINFO", tmp_path / "absent")
    monkeypatch.setattr(processor.sys, "platform", "linux")
    monkeypatch.setattr(processor.platform, "machine", lambda: "x86_64")
    assert missing_features() == ()


def test_other_architectures_need_nothing(monkeypatch):
    monkeypatch.setattr(processor.platform, "machine", lambda: "aarch64")
    assert missing_features() == ()
