"""Who else can change a file: found from owner, mode and folder."""

import os
import shlex

import pytest

from modelwire.files import (
    belongs_to_another,
    exposure_of_file,
    exposure_of_folder,
    warn_of_exposed_folder,
)
from modelwire.warnings import UnsafeFolderWarning

SOMEBODY = 12345
root_only = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")


@pytest.fixture
def file(tmp_path):
    folder = tmp_path / "a folder"
    folder.mkdir(mode=0o755)
    path = folder / "file"
    path.write_text("{}")
    path.chmod(0o644)
    return path


def exposure(path):
    return exposure_of_file(path, path.stat())


@pytest.mark.parametrize("mode", [0o600, 0o644, 0o400, 0o755])
def test_a_file_that_only_its_owner_can_write_is_safe(file, mode):
    file.chmod(mode)
    assert exposure(file) is None


@pytest.mark.parametrize("mode", [0o664, 0o646, 0o666, 0o620])
def test_a_file_that_others_can_write_is_exposed(file, mode):
    file.chmod(mode)
    found = exposure(file)
    assert f"mode 0{mode:o}" in found.reason
    assert found.remedy == f"chmod go-w {shlex.quote(str(file))}"
    os.system(found.remedy)
    assert exposure(file) is None


def test_a_folder_that_everybody_can_write_exposes_its_files_unless_it_is_sticky(file):
    file.parent.chmod(0o777)
    found = exposure(file)
    assert str(file.parent) in found.reason
    file.parent.chmod(0o1777)
    assert exposure(file) is None
    file.parent.chmod(0o777)
    os.system(found.remedy)
    assert exposure(file) is None


@root_only
def test_a_file_of_another_user_is_exposed_and_one_of_root_is_not(file):
    os.chown(file, SOMEBODY, SOMEBODY)
    assert belongs_to_another(file.stat())
    found = exposure(file)
    assert f"uid {SOMEBODY}" in found.reason
    os.system(found.remedy)
    assert exposure(file) is None
    assert not belongs_to_another(file.stat())


@pytest.mark.parametrize("mode", [0o777, 0o1777, 0o775])
def test_a_folder_that_others_can_write_gives_one_warning(tmp_path, mode):
    folder = tmp_path / "cache\x1b[2J"
    folder.mkdir()
    assert exposure_of_folder(folder) is None
    folder.chmod(mode)
    with pytest.warns(UnsafeFolderWarning) as caught:
        warn_of_exposed_folder(folder)
    assert caught[0].message.path == str(folder)
    assert "\x1b" not in str(caught[0].message)
    assert caught[0].filename == __file__  # whoever called, not modelwire itself


def test_a_folder_that_does_not_exist_gives_no_warning(tmp_path, recwarn):
    warn_of_exposed_folder(tmp_path / "none")
    assert not recwarn.list
