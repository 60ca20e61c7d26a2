"""`modelwire doctor` on files that run code whenever Python starts."""

import hashlib
import json
import os
import subprocess
import sys
from base64 import urlsafe_b64encode

import pytest

from modelwire.cli.doctor.checks.startup import startup_files

CODE = "import sys; sys.planted = 1"


@pytest.fixture
def folder(tmp_path):
    path = tmp_path / "site-packages"
    path.mkdir()
    return path


def install(folder, name, files, **more):
    """Put a package there as pip does: its files, and a record of them."""
    info = folder / f"{name}-2.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 2.0\n")
    for file, text in more.items():
        (info / f"{file}.json").write_text(text)
    rows = []
    for file, text in files.items():
        (folder / file).write_text(text)
        digest = urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
        rows.append(f"{file},sha256={digest},{len(text)}")
    (info / "RECORD").write_text("\n".join([*rows, f"{info.name}/RECORD,,", ""]))


def found(folder, **options):
    return {file.path.name: file for file in startup_files([folder], **options)}


def startup(program, **environ):
    done = program.run("doctor", "--offline", "--json", **environ)
    assert done.stderr == b""
    return [c for c in json.loads(done.stdout)["checks"] if c["check"] == "startup"]


def test_a_file_belongs_to_the_package_that_lists_it(folder):
    install(folder, "tidy", {"tidy.pth": f"# words\n{CODE}\n/folder\n", "tidy.py": ""})
    (folder / "planted.pth").write_text(f"/folder\n{CODE}\n")
    files = found(folder)
    tidy, planted = files["tidy.pth"], files["planted.pth"]
    assert (tidy.owner, tidy.version, tidy.intact, tidy.code) == ("tidy", "2.0", True, (CODE,))
    assert (planted.owner, planted.code) == (None, (CODE,))


def test_a_file_that_was_changed_after_its_installation_is_not_intact(folder):
    install(folder, "tidy", {"tidy.pth": CODE})
    with (folder / "tidy.pth").open("a") as file:
        file.write("\nimport os; os.system('true')\n")
    assert found(folder)["tidy.pth"].owner == "tidy"
    assert found(folder)["tidy.pth"].intact is False


def test_a_package_without_a_readable_record_owns_nothing(folder):
    for name, record in {"none": None, "empty": b"", "binary": b"\xff,\n", "torn": b'"a\n'}.items():
        install(folder, name, {f"{name}.pth": CODE})
        path = folder / f"{name}-2.0.dist-info" / "RECORD"
        path.unlink() if record is None else path.write_bytes(record)
    assert {file.owner for file in found(folder).values()} == {None}


def test_a_damaged_package_still_owns_its_files(folder):
    install(folder, "garbled", {"garbled.pth": CODE})
    (folder / "garbled-2.0.dist-info" / "METADATA").write_bytes(b"Name: \xff\n")
    (file,) = found(folder).values()
    assert (file.owner, file.intact) == ("?", True)


def test_the_name_of_an_editable_install_alone_earns_no_trust(folder):
    origin = json.dumps({"url": "file:///work", "dir_info": {"editable": True}})
    install(folder, "mine", {"__editable__.mine.pth": CODE}, direct_url=origin)
    for name in ("_editable_impl_other.pth", "__editable___other.pth"):
        (folder / name).write_text(CODE)
    owners = {name: (file.owner, file.editable) for name, file in found(folder).items()}
    assert owners == {
        "__editable__.mine.pth": ("mine", True),
        "__editable___other.pth": (None, False),
        "_editable_impl_other.pth": (None, False),
    }


def test_a_folder_is_the_same_by_whichever_link_it_is_reached(folder, tmp_path):
    install(folder, "tidy", {"tidy.pth": CODE})
    (tmp_path / "link").symlink_to(folder)
    (file,) = startup_files([tmp_path / "link"])
    assert file.owner == "tidy"


@pytest.mark.parametrize("maker", ["virtualenv", "uv"])
def test_the_file_of_the_program_that_made_the_environment_belongs_to_it(folder, tmp_path, maker):
    path = folder / "_virtualenv.pth"
    path.write_text("import _virtualenv")
    settings = tmp_path / "pyvenv.cfg"
    settings.write_text("home = /usr/bin\nversion = 3.11.7\n")
    assert found(folder, prefix=tmp_path)[path.name].owner is None
    settings.write_text(f"home = /usr/bin\n{maker} = 1.2.3\n")
    file = found(folder, prefix=tmp_path)[path.name]
    assert (file.owner, file.version) == (maker, "1.2.3")
    path.write_text("import _virtualenv; import os")
    assert found(folder, prefix=tmp_path)[path.name].owner is None


def test_start_files_count_for_the_versions_of_python_that_read_them(folder):
    (folder / "both.pth").write_text(f"{CODE}\n/folder\n")
    (folder / "both.start").write_text("# words\n\n  package.module:begin  \n")
    assert {n: f.code for n, f in found(folder, python=(3, 14)).items()} == {"both.pth": (CODE,)}
    assert {n: f.code for n, f in found(folder, python=(3, 15)).items()} == {
        "both.pth": (),
        "both.start": ("package.module:begin",),
    }


LINES = [
    "import {}",
    "import\t{}",
    " import {}",
    "\timport {}",
    "#import {}",
    "# import {}",
    "import  {}",
    "importlib.{}",
    "from {} import x",
    "Import {}",
    "/import {}",
    "import {} # and words",
    "import {}\r",
]


def test_what_is_found_is_what_this_python_executes(folder):
    """Every line names a module of its own, which tells when it is imported."""
    modules = folder.parent / "modules"
    modules.mkdir()
    lines = [line.format(f"module{number}") for number, line in enumerate(LINES)]
    for number in range(len(LINES)):
        (modules / f"module{number}.py").write_text("print(__name__)")
    (folder / "lines.pth").write_text("\n".join(lines), newline="")
    (folder / "not-read.txt").write_text("import module0")
    program = f"import site; site.addsitedir({str(folder)!r})"
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONPATH": str(modules)},
        capture_output=True,
        text=True,
        check=True,
    )
    (file,) = startup_files([folder])
    executed = [line.split()[1].rstrip(";#") for line in file.code]
    assert executed == done.stdout.split() != []


def test_a_folder_that_is_not_there_and_a_file_that_cannot_be_read_break_nothing(folder):
    (folder / "folder.pth").mkdir()
    (folder / "dangling.pth").symlink_to(folder / "nowhere")
    (folder / "fine.pth").write_bytes(b"\xff\xfe\n" + CODE.encode())
    files = list(startup_files([folder / "absent", folder]))
    assert [(file.path.name, file.code) for file in files] == [("fine.pth", (CODE,))]


def test_a_sitecustomize_of_no_package_is_a_warning_and_one_of_a_package_is_not(program, site):
    path = site.path / "sitecustomize.py"
    path.write_text("")
    (planted,) = [c for c in startup(program) if c["details"].get("file") == str(path)]
    assert planted["state"] == "warning"
    assert "belongs to no installed package: import sitecustomize" in planted["message"]
    install(site.path, "hooks", {"sitecustomize.py": ""})
    (owned,) = [c for c in startup(program) if c["details"].get("file") == str(path)]
    assert (owned["state"], owned["details"]["owner"]) == ("ok", "hooks")
