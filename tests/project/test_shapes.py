"""Every array that goes in or out of a function says its shape and its numbers."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from places import ROOT

FOLDERS = ("facetex_core", "plugins/facetex_plugins", "model_zoo/facetex_model_zoo", "cli/facetex_cli")
FILES = sorted(path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py"))


def bare(source: str) -> Iterator[int]:
    """Lines on which `np.ndarray` stands as a type without a shape: in an annotation, or inside another type."""
    tree = ast.parse(source)
    subscripts = [node for node in ast.walk(tree) if isinstance(node, ast.Subscript)]
    shaped = {id(node.slice.elts[0]) for node in subscripts if has_shape(node)}
    for type_ in (*annotations(tree), *subscripts):
        for node in ast.walk(type_):
            if isinstance(node, ast.Attribute) and ast.unparse(node) == "np.ndarray" and id(node) not in shaped:
                shaped.add(id(node))
                yield node.lineno


def annotations(tree: ast.AST) -> Iterator[ast.expr]:
    for node in ast.walk(tree):
        found = getattr(node, "annotation", None) or getattr(node, "returns", None)
        if isinstance(found, ast.Constant) and isinstance(found.value, str):
            yield ast.parse(found.value, mode="eval").body
        elif found:
            yield found


def has_shape(node: ast.Subscript) -> bool:
    """`Float32[np.ndarray, "height width 3"]`."""
    return (
        isinstance(node.slice, ast.Tuple)
        and len(node.slice.elts) == 2
        and isinstance(node.slice.elts[1], ast.Constant)
        and isinstance(node.slice.elts[1].value, str)
    )


@pytest.mark.parametrize("folder", FOLDERS)
def test_every_annotated_array_has_a_shape(folder):
    found = [f"{path.relative_to(ROOT)}:{line}" for path in sources(folder) for line in bare(path.read_text("utf-8"))]
    assert not found


def sources(folder: str) -> Iterator[Path]:
    return (path for path in FILES if path.is_relative_to(ROOT / folder))


def test_the_look_sees_arrays_inside_of_other_types():
    text = "def f(a: np.ndarray, b: dict[str, np.ndarray], c: Float32[np.ndarray, '3']) -> list[np.ndarray] | None:\n    ...\n"
    assert len(list(bare(text))) == 3
    assert len(list(bare("Pair = tuple[np.ndarray, int]\n"))) == 1
    assert not list(bare("isinstance(value, np.ndarray)\nkinds = (np.ndarray, float)\nnp.ndarray(3)\n"))
