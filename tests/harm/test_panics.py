"""A defect of framehaul is an error like any other, with the code `internal`.

Unit tests of `framehaul_core::error` show what becomes of a panic. These check that every function of the binding is
guarded.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

BINDING = Path(__file__).parents[2] / "rust" / "python" / "src"


def functions(text: str) -> list[tuple[str, bool]]:
    """The functions that Python calls and that can fail, and whether they are guarded."""
    found = []
    attributes: list[str] = []
    is_method = False
    for line in text.splitlines():
        if line and not line.startswith(" "):
            is_method = line.startswith(("impl", "#[pymethods]")) and (is_method or line == "#[pymethods]")
        start = re.match(r"(    )?(?:pub )?fn (\w+)", line)
        if start and (is_method if start[1] else "#[pyfunction]" in attributes):
            signature = text[text.index(line) :].split("{\n", 1)[0]
            if re.search(r"-> Py\w*Result<", signature):
                found.append((start[2], "#[guarded]" in attributes))
        attributes = [] if start or not line.strip() else [*attributes, line.strip()]
    return found


@pytest.mark.skipif(not BINDING.is_dir(), reason="the sources are not there")
def test_every_function_that_python_calls_is_guarded_against_panics() -> None:
    found = [each for file in BINDING.glob("*.rs") for each in functions(file.read_text())]
    assert [name for name, is_guarded in found if not is_guarded] == []
    assert {"export", "open", "save", "frames", "area", "label_png", "column"} <= {name for name, _ in found}


def test_a_function_without_a_guard_is_seen() -> None:
    bare = "#[pyfunction]\nfn bare(\n    py: Python<'_>,\n) -> PyResult<u8> {\n}\n"
    method = "#[pymethods]\nimpl Table {\n    fn bare(&self) -> PyArrowResult<u8> {\n    }\n}\n"
    assert functions(bare) == [("bare", False)]
    assert functions(method) == [("bare", False)]
    assert functions(bare.replace("fn", "#[guarded]\nfn")) == [("bare", True)]
    assert functions("fn inner() -> PyResult<u8> {\n}\n") == []
