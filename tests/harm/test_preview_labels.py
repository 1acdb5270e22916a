"""Labels in every script, pages of projects, and sources that try to harm whoever looks at their preview."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING

import pytest

import framehaul
from backups import Job, Task, label, png, project, shape
from framehaul import preview

pytest.importorskip("PIL")

from PIL import Image, ImageDraw

from framehaul.preview.fonts import Fonts

if TYPE_CHECKING:
    from pathlib import Path

CYRILLIC, CHINESE = "машина", "汽车"


def named(*names: str, **more) -> Task:
    """A task with a box of each label."""
    shapes = [
        shape("rectangle", name, 0, [10, 100 * place + 50, 90, 100 * place + 90]) for place, name in enumerate(names)
    ]
    return Task([label(name) for name in names], [Job(0, 0, shapes=shapes)], **more)


def written(fonts: Fonts, text: str) -> bytes:
    image = Image.new("L", (200, 12))
    fonts.write(ImageDraw.Draw(image), 0, 0, text, "white")
    return image.tobytes()


def page(cli, source: Path, *arguments: object) -> str:
    out = source.with_name("page.html")
    ran = cli("preview", source, "-o", out, *arguments)
    assert (ran.returncode, ran.stderr) == (0, "")
    return out.read_text(encoding="utf-8")


def test_the_browser_writes_labels_of_every_script(cli, tmp_path):
    text = page(cli, named(CYRILLIC, CHINESE, "<b>", name=CHINESE).backup(tmp_path / "t.zip"))
    over_the_image = re.findall(r"<span [^>]*>([^<]*)</span>", text)
    assert sorted(over_the_image) == sorted([CYRILLIC, CHINESE, "&lt;b&gt;"])
    assert "@font-face" not in text
    assert f"<title>{CHINESE}</title>" in text


def test_letters_of_another_script_are_written_in_a_font_of_the_system():
    fonts = Fonts()
    if not fonts._font("м"):
        pytest.skip("no font of this system has Cyrillic letters")
    assert written(fonts, CYRILLIC) != written(fonts, "?" * len(CYRILLIC))
    assert written(fonts, "ш") != written(fonts, "м")
    assert written(fonts, "car м") != written(fonts, "car ?")
    assert fonts.width("") == 0


def test_a_letter_that_no_font_has_becomes_a_question_mark(monkeypatch):
    monkeypatch.setattr("framehaul.preview.fonts._files", lambda: iter(()))
    fonts = Fonts()
    assert written(fonts, CHINESE) == written(fonts, "??")
    assert fonts.width(CHINESE) == fonts.width("??")


def test_a_label_of_many_lines_and_letters_is_one_short_line(tmp_path):
    name = "two\nlines " + "x" * 70_000
    drawn = preview.draw(framehaul.open(named(name).backup(tmp_path / "t.zip")), 0)
    assert drawn.size == (640, 496)


def test_a_page_of_a_project_shows_all_its_tasks(cli, tmp_path):
    tasks = [named("car", name="first"), named("car", name="second"), named("car", name="third", deleted=[0])]
    source = project(tmp_path / "p.zip", *tasks)
    text = page(cli, source)
    assert re.findall(r"<h1>(.*)</h1>", text) == ["p", "first", "second", "third"]
    assert text.count("<figure ") == 2
    assert text.count("<p>1 frames, 0 of them without annotations; 1 annotations") == 2
    assert "all frames of the task are deleted" in text


def test_a_page_of_one_task_of_a_project_shows_that_task(cli, tmp_path):
    source = project(tmp_path / "p.zip", named("car", name="first"), named("car", name="second"))
    assert re.findall(r"<h1>(.*)</h1>", page(cli, source, "--task", 1)) == ["second"]


@pytest.mark.parametrize("colour", ["url(http://tracker.example/x)", "red;x:y", "#12345", "#1234567", "", '"><script>'])
def test_a_colour_that_is_not_rrggbb_is_grey(cli, tmp_path, colour):
    shapes = [shape("rectangle", "car", 0, [10, 50, 90, 90])]
    source = Task([label("car", color=colour)], [Job(0, 0, shapes=shapes)]).backup(tmp_path / "t.zip")
    text = page(cli, source)
    assert '<i style="background:#a0a0a0"></i> car' in text
    assert colour == "" or colour not in text


def test_a_page_may_load_nothing(cli, tmp_path):
    text = page(cli, named("car").backup(tmp_path / "t.zip"))
    policy = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
    assert f'<meta http-equiv="Content-Security-Policy" content="{policy}">' in text
    assert text.index("Content-Security-Policy") < text.index("<style>")
    assert not re.search(r"https?:", text)


@pytest.mark.parametrize("size", [(60_000, 60_000), (1_000_000, 4_000)])
def test_a_frame_that_is_too_large_to_draw_is_one_line(cli, tmp_path, size):
    source = named("car", images=[("a.png", *size)]).backup(tmp_path / "t.zip")
    ran = cli("preview", source, "-o", tmp_path / "p.png")
    assert (ran.returncode, ran.stderr.count("\n")) == (1, 1)
    assert ran.stderr.startswith("error[too-large]: ")
    assert 'task "task", frame 0' in ran.stderr
    assert not (tmp_path / "p.png").exists()
    assert "no image (too-large)" in page(cli, source)


def test_an_image_of_more_pixels_than_the_source_states_is_too_large(cli, tmp_path):
    large = png(16_000, 16_000)
    source = named("car", images=[("a.png", 640, 480)], files={"a.png": large}).backup(tmp_path / "t.zip")
    ran = cli("preview", source, "-o", tmp_path / "p.png")
    assert (ran.returncode, ran.stderr.count("\n")) == (1, 1)
    assert ran.stderr.startswith("error[too-large]: ")


def test_shapes_far_outside_a_frame_are_drawn_in_no_time(tmp_path):
    far = [shape(kind, "car", 0, [-1e9, -1e9, 1e9, 1e9, 0, 5e8]) for kind in ("polygon", "polyline")]
    far += [shape(kind, "car", 0, [-1e9, -1e9, 1e9, 1e9]) for kind in ("rectangle", "points")]
    source = Task([label("car")], [Job(0, 0, shapes=far)]).backup(tmp_path / "t.zip")
    started = time.monotonic()
    assert preview.draw(framehaul.open(source), 0).size == (640, 496)
    assert time.monotonic() - started < 10


def test_a_long_task_is_counted_in_parts(tmp_path):
    shapes = [shape("rectangle", "car", 70_000, [10, 50, 90, 90])]
    source = Task([label("car")], [Job(0, 99_999, shapes=shapes)]).backup(tmp_path / "t.zip")
    text = preview.page(framehaul.open(source))
    assert text.count("<rect ") == 400
    assert "<title>frames 70000 to 70249: up to 1</title>" in text
    assert "100,000 frames, 99,999 of them without annotations; 1 annotations" in text
    assert "frame 70000  " in text
