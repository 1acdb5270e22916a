"""The README and the guide keep their word: the table of formats, the example, the commands, the links."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

import pytest

import framehaul

TOP = Path(__file__).parents[2]
TEXT = (TOP / "README.md").read_text(encoding="utf-8")
GUIDE = TOP / "python" / "docs"
PAGES = [TOP / "README.md", TOP / ".github" / "CONTRIBUTING.md", *sorted(GUIDE.glob("*.md"))]
LINKS = [
    (page, link) for page in PAGES for link in re.findall(r"\]\((?!http)([^)#]+)\)", page.read_text(encoding="utf-8"))
]


def block(name: str) -> str:
    """The fenced block below the comment `<!-- name -->`."""
    found = re.search(rf"<!-- {name} -->\n+```\w*\n(.*?)```", TEXT, re.DOTALL)
    assert found, name
    return found[1]


def test_the_table_of_formats_is_the_list_of_formats():
    text = (GUIDE / "formats.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([^`]+)` \| `([^`]+)` \| (.+) \|$", text, re.MULTILINE)
    assert rows == [(info.name, info.slug, info.summary) for info in framehaul.formats()]


def test_the_example_runs_and_prints_what_it_says(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "example.py").write_text(block("example"))
    runpy.run_path(str(tmp_path / "example.py"))
    assert capsys.readouterr().out == block("example output")


def test_the_commands_are_one_line_each():
    for name in ("main command", "test command"):
        assert len(block(name).splitlines()) == 1


@pytest.mark.parametrize(("page", "link"), LINKS, ids=lambda value: Path(value).name)
def test_links_lead_somewhere(page, link):
    assert (page.parent / link).exists()
