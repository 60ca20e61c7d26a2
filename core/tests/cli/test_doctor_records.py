"""The records of installed packages, as `modelwire doctor` reads them."""

import pytest

from modelwire.cli.doctor.records import read_record

RECORD = """
acme/__init__.py,sha256=abc,12
acme.pth,sha256=def,3
../../../bin/acme,,
"with, comma.pth",sha256=ghi,4
"""


def read(name):
    return RECORD if name == "RECORD" else None


@pytest.fixture
def site(tmp_path):
    folder = tmp_path / "lib" / "python3" / "site-packages"
    folder.mkdir(parents=True)
    return folder


def test_a_record_has_every_file_with_its_digest(site, tmp_path):
    files = read_record(read, str(site)).files
    assert files == {
        str(site / "acme" / "__init__.py"): "sha256=abc",
        str(site / "acme.pth"): "sha256=def",
        str(tmp_path / "bin" / "acme"): "",
        str(site / "with, comma.pth"): "sha256=ghi",
    }


@pytest.mark.parametrize("name", ["acme.pth", "with, comma.pth"])
def test_only_the_files_that_matter_may_be_read(site, name):
    everything = read_record(read, str(site)).files
    path = str(site / name)
    assert read_record(read, str(site), [name]).files == {path: everything[path]}


def test_a_package_without_a_record_has_none(site):
    assert read_record(lambda _: None, str(site), ["acme.pth"]) is None
