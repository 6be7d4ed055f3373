"""What every exporter promises."""

import json
from contextlib import chdir
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from facetex_core.geometry.raycast import open3d
from facetex_core.structures import Head
from facetex_core.testing.contract import Contract, Work, demand
from facetex_core.testing.samples import head_of, skin

PICTURES = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".webp")
MESHES = (".obj", ".ply", ".stl", ".off", ".glb", ".gltf")
"""Read back by Open3D."""


@dataclass(frozen=True, slots=True)
class Export:
    """What one export left behind."""

    folder: Path
    files: dict[Path, bytes]
    strays: list[str]
    """What lies beside the folder, where the program ran."""
    complaints: list[str]


class ExporterContract(Contract):
    """Files are written into the folder and nowhere else; what can be read back is the head in metres."""

    role = "exporter"

    @cached_property
    def exports(self) -> list[Export]:
        """All so far."""
        return []

    def given(self) -> tuple[Head, Path]:
        """A head of skin and an empty folder."""
        return head_of(skin()), Path.cwd() / "out"

    def work(self, plugin: object = None) -> Work:
        """In a folder of its own that is gone afterwards."""
        with TemporaryDirectory() as above, chdir(above):
            folder = Path.cwd() / "out"
            folder.mkdir()
            done = super().work(plugin)
            files = {path: path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}
            strays = sorted(path.name for path in folder.parent.iterdir() if path != folder)
            self.exports.append(Export(folder, files, strays, [told for path in files if (told := _complaint(path))]))
        return done

    def comparable(self, result: tuple[Path, ...]) -> dict[str, object]:
        """The files' names and bytes, of the export that was last."""
        files = {path.name: content for path, content in self.exports[-1].files.items()}
        return {"names": [path.name for path in result], **files}

    def test_tells_every_file_that_it_writes(self) -> None:
        """Into the folder, none of them empty."""
        told, made = {Path(path) for path in self.result}, self._made
        demand(told, "export(): expected the files written; found (): return their paths")
        outside = [str(path) for path in told if not path.is_relative_to(made.folder)]
        demand(not outside, f"export() tells of {outside} outside of the folder: write to folder / 'name'")
        missing = sorted(path.name for path in told - set(made.files))
        demand(not missing, f"export() tells of {missing}, which do not exist: write them first")
        silent = sorted(path.name for path in set(made.files) - told)
        demand(not silent, f"export() wrote {silent} and does not tell: return every path")
        empty = [path.name for path, content in made.files.items() if not content]
        demand(not empty, f"export() wrote nothing into {empty}: close the files")

    def test_writes_nothing_outside_of_the_folder(self) -> None:
        """Neither above it nor where the program runs."""
        strays = self._made.strays
        demand(not strays, f"export() wrote {strays} outside of the folder that it was given: write to folder / 'name'")

    def test_files_are_what_their_names_say(self) -> None:
        """Pictures, JSON and meshes can be read, and the mesh has the head's size in metres."""
        wrong = self._made.complaints
        demand(not wrong, f"export(): {'; '.join(wrong)}")

    def test_no_path_of_the_machine_is_written_down(self) -> None:
        """Files are given away."""
        made = self._made
        leaks = [path.name for path, content in made.files.items() if str(made.folder).encode() in content]
        demand(not leaks, f"export() wrote the folder's path into {leaks}: name files relative to it")

    @property
    def _made(self) -> Export:
        """By the first call, which is made now if it was not before."""
        _ = self.first
        return self.exports[0]


def _complaint(path: Path) -> str:
    """What is wrong with a file; nothing where it is fine or of a kind that is not known."""
    try:
        if path.suffix in PICTURES:
            from PIL import Image

            with Image.open(path) as picture:
                picture.load()
        elif path.suffix == ".json":
            json.loads(path.read_text("utf-8"))
        elif path.suffix in MESHES:
            return _mesh_complaint(path)
    except (OSError, ValueError, SyntaxError) as error:
        return f"{path.name} cannot be read ({error}): write what its ending says"
    return ""


def _mesh_complaint(path: Path) -> str:
    library = open3d()
    with library.utility.VerbosityContextManager(library.utility.VerbosityLevel.Error):
        points = np.asarray(library.io.read_triangle_mesh(path).vertices)
    if not len(points):
        return f"{path.name} holds no triangles that Open3D can read: write what its ending says"
    wide, wanted = np.ptp(points, axis=0), np.ptp(head_of(skin()).fit.vertices.astype(np.float64), axis=0)
    if np.allclose(wide, wanted, atol=1e-3):
        return ""
    told = f"{path.name} is {wide.round(4).tolist()} wide, expected {wanted.round(4).tolist()}"
    return f"{told}: metres, x to the subject's left, y up, z out of the face"
