"""The table of models: every row whole and pinned, true files are what it says, and each is fetched and used as it is."""

import hashlib
import io
import re
import tarfile
import zipfile
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import facetex_model_zoo as zoo
import http_server as web
import pytest
from facetex_cli.main import main
from facetex_model_zoo.pull import digest_of
from foreign import true_vgg19

from facetex_core import Registry

ROWS = {name: zoo.row(name) for name in zoo.model_names()}
PARTS = [(name, number) for name, row in ROWS.items() for number in range(len(row.parts))]
PINNED = r"/[0-9a-f]{40}[/.]|\?generation=\d+$|-[0-9a-f]{8}\.pth$"
"""One version for ever: a commit, a generation of Google's storage, or torchvision's hash in the name."""
TRUE = {
    ("yunet", 0): "models/detect/yunet_n_640_640.onnx",
    ("mediapipe", 0): "models/landmarks/src/face_landmarker_v2_with_blendshapes.task",
    ("hair", 0): "models/segment/src/hair_segmentation.tflite",
    ("sfm", 0): "nc/eos_sfm/sfm_shape_3448.bin",
    ("sfm", 1): "nc/eos_sfm/expression_blendshapes_3448.bin",
}


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    """An empty zoo."""
    monkeypatch.setenv("FACETEX_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.mark.parametrize(("name", "number"), PARTS)
def test_what_is_fetched_is_pinned(name, number):
    part = ROWS[name].parts[number]
    assert part.url.startswith("https://")
    assert re.search(PINNED, part.url)
    assert re.fullmatch("[0-9a-f]{64}", part.sha256)
    assert part.size > 0


def test_torchvision_s_name_holds_the_beginning_of_the_hash():
    (part,) = ROWS["vgg19"].parts
    assert part.name == f"vgg19-{part.sha256[:8]}.pth"


@pytest.mark.parametrize("name", [name for name, row in ROWS.items() if not row.ships])
def test_a_foreign_model_says_its_terms_and_how_to_get_it(name):
    row = ROWS[name]
    assert row.terms.startswith("https://")
    assert row.get
    assert ("non-commercial" in row.licence) is not row.commercial
    assert row.parts or any(words in row.get for words in ("register at https://", "convert https://"))


@pytest.mark.parametrize("name", ROWS)
def test_every_model_says_what_it_makes(name):
    assert ROWS[name].makes


def test_the_table_holds_the_models_that_it_should():
    wanted = {"vgg19", "yunet", "mediapipe", "ict", "bfm", "flame", "sfm", "hair", "skin"}
    assert wanted <= set(ROWS)
    assert not any(ROWS[name].commercial for name in ("bfm", "flame", "sfm"))
    assert all(row.commercial for row in ROWS.values() if row.ships)


@pytest.mark.parametrize(("name", "number"), TRUE)
def test_true_files_have_the_sizes_and_hashes_of_the_table(shared, name, number):
    path, part = shared / "data" / TRUE[name, number], ROWS[name].parts[number]
    assert path.stat().st_size == part.size
    assert digest_of(path, part) == part.sha256


def served_here(monkeypatch, stack, name: str, files: list[Path]) -> web.Served:
    """The row with its makers' server replaced by one here."""
    served = [stack.enter_context(web.serving(path.read_bytes())) for path in files]
    parts = tuple(
        replace(part, url=one.url.replace("model.bin", path.name), size=path.stat().st_size, sha256=zoo.sha256_of(path))
        for part, one, path in zip(ROWS[name].parts, served, files, strict=True)
    )
    monkeypatch.setattr("facetex_model_zoo.store._rows", lambda: ROWS | {name: replace(ROWS[name], parts=parts)})
    return served[0]


@pytest.fixture
def stack():
    """Ends the servers."""
    with ExitStack() as servers:
        yield servers


@pytest.mark.parametrize(("name", "role"), [("yunet", "detector"), ("sfm", "fitter"), ("mediapipe", "detector"), ("hair", "")])
def test_true_models_are_fetched_and_used(shared, monkeypatch, stack, name, role):
    files = [shared / "data" / path for (row, _), path in TRUE.items() if row == name]
    served_here(monkeypatch, stack, name, files)
    assert main(["zoo", "pull", name, "--accept-licence"]) == 0
    assert main(["zoo", "verify"]) == 0
    if role:
        made = Registry().bare(role, name, {})
        assert made.model.identity.shape[0] == 63 if name == "sfm" else made.path == zoo.model_path(name)


def test_weights_of_torch_become_onnx_on_the_way_in(shared, monkeypatch, stack):
    """With those that there are; the official file differs in its size and goes on to conv5_1."""
    served_here(monkeypatch, stack, "vgg19", [true_vgg19(shared)])
    assert main(["zoo", "pull", "vgg19"]) == 0
    assert zoo.place_of("vgg19").name == "vgg19.onnx"
    extractor = Registry().bare("descriptor_extractor", "vgg19", {})
    assert [output.name for output in extractor._session.get_outputs()] == ["conv1_1", "conv2_1", "conv3_1"]


MEMBERS = {"FaceXModel/b.obj": b"two", "FaceXModel/a.obj": b"one", "README.md": b"of no account", "Other/c.obj": b"three"}


def archive(path: Path, members: dict[str, bytes], root: str) -> Path:
    if path.suffix == ".zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
            for name, content in members.items():
                packed.writestr(f"{root}/{name}", content)
        return path
    with tarfile.open(path, "w:gz") as packed:
        for name, content in members.items():
            member = tarfile.TarInfo(f"{root}/{name}")
            member.size = len(content)
            packed.addfile(member, io.BytesIO(content))
    return path


@pytest.mark.parametrize("ending", ["zip", "gz"])
def test_an_archive_is_known_by_what_matters_in_it(tmp_path, ending):
    part = ROWS["ict"].parts[0]
    lines = [f"{hashlib.sha256(MEMBERS[name]).hexdigest()}  {name}\n" for name in ("FaceXModel/a.obj", "FaceXModel/b.obj")]
    expected = hashlib.sha256("".join(lines).encode()).hexdigest()
    assert digest_of(archive(tmp_path / f"1.{ending}", MEMBERS, "ICT-FaceKit-1"), part) == expected
    repacked = dict(reversed(MEMBERS.items())) | {"README.md": b"new"}
    assert digest_of(archive(tmp_path / f"2.{ending}", repacked, "another"), part) == expected
    changed = MEMBERS | {"FaceXModel/a.obj": b"onE"}
    assert digest_of(archive(tmp_path / f"3.{ending}", changed, "ICT-FaceKit-1"), part) != expected
    damaged = tmp_path / f"4.{ending}"
    damaged.write_bytes((tmp_path / f"1.{ending}").read_bytes()[:-30])
    assert digest_of(damaged, part) != expected


def test_an_archive_that_is_another_one_is_not_kept(tmp_path, monkeypatch, capsys, home, stack):
    other = archive(tmp_path / "ict.zip", MEMBERS, "ICT-FaceKit-1")
    served = stack.enter_context(web.serving(other.read_bytes()))
    row = replace(ROWS["ict"], parts=(replace(ROWS["ict"].parts[0], url=served.url),))
    monkeypatch.setattr("facetex_model_zoo.store._rows", lambda: ROWS | {"ict": row})
    assert main(["zoo", "pull", "ict"]) == 2
    assert "the downloaded file is not the model" in capsys.readouterr().err
    assert [path for path in home.rglob("*") if path.is_file() and path.suffix != ".lock"] == []


def test_the_reference_lists_every_row(root):
    page = (root / "docs" / "reference" / "zoo.md").read_text("utf-8")
    assert [name for name in ROWS if f"| `{name}` |" not in page] == []
    assert all(row.terms in page for row in ROWS.values())
