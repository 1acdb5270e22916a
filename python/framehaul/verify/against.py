"""The comparison with a source: whether an archive has just the annotations that its format should hold."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING

from framehaul.errors import Error
from framehaul.verify.check import stem
from framehaul.verify.expected import HOLDS
from framehaul.verify.result import Difference

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from framehaul.dataset import Dataset
    from framehaul.frame import Frame
    from framehaul.verify.check import Check, Shape
    from framehaul.verify.expected import Expected, Holds

BATCH = 256
"""Frames that are read at once."""


def compare(check: Check, slug: str, source: Dataset) -> tuple[Difference, ...] | None:
    """Compares the annotations that were read with those of the source, and reports what differs."""
    holds = HOLDS.get(slug)
    if holds is None or check.shapes is None:
        check.find("not-compared", None, "this format is not compared with a source yet")
        return None
    if slug == "mot" and check.training:
        check.find("not-compared", None, "the training profile of MOT is not compared with a source yet")
        return None
    return _Comparison(check, holds, source).run()


class _Comparison:
    def __init__(self, check: Check, holds: Holds, source: Dataset) -> None:
        self.check, self.holds, self.source = check, holds, source
        self.shapes = check.shapes or {}
        found = source.inspect()
        self.labels = found["labels"]
        self.tasks = found["tasks"]
        self.points = {
            label["name"]: sum(each["name"].startswith(f"{label['name']}/") for each in self.labels)
            for label in self.labels
        }
        self.hidden: set[str] = set()
        self.counts: Counter[str] = Counter()
        self.matched: Counter[str] = Counter()

    def run(self) -> tuple[Difference, ...]:
        rename = self._renamed()
        seen: set[str] = set()
        waiting: defaultdict[str, list[Expected]] = defaultdict(list)
        for name, frame in self._frames():
            seen.add(name)
            wanted = list(self.holds.expect(frame, self.check.training))
            if rename:
                wanted = [
                    each._replace(labels=tuple(rename.get(label, label) for label in each.labels)) for each in wanted
                ]
            if len(self.tasks) > 1 or self.holds.names == "place":  # several frames may have one name
                waiting[name] += wanted
            else:
                self._image(name, wanted)
        for name, wanted in waiting.items():
            self._image(name, wanted)
        for name in sorted(self.shapes.keys() - seen):
            code = "hidden-annotation" if name in self.hidden else "extra-frame"
            self.check.find(code, None, f'"{name}" is not a frame of the source')
        labels = sorted(self.counts.keys() | self.check.labels.keys())
        return tuple(
            Difference(label, self.counts[label], self.check.labels[label], self.matched[label]) for label in labels
        )

    def _renamed(self) -> dict[str, str]:
        """The names that class numbers get by a list whose lines they do not count."""
        if not self.holds.by_class or self.check.training:
            return {}
        labels = self.labels
        skeletons = tuple(f"{label['name']}/" for label in labels if label["type"] == "skeleton")
        numbered = [label["name"] for label in labels if not label["name"].startswith(skeletons)]
        return dict(zip(numbered, self.check.classes, strict=False))

    def _frames(self) -> Iterator[tuple[str, Frame]]:
        """All frames with what their images are called."""
        place = 0
        # CVAT takes tasks by subset, then in their order.
        for task in sorted(range(len(self.tasks)), key=lambda task: self.tasks[task]["subset"] or "default"):
            facts = self.tasks[task]
            offset = 0
            for frame in _frames(self.source, task, facts["frames"]):
                place += 1
                name = stem(frame.name)
                if self.holds.names == "number":
                    name = str(frame.number)
                    offset = frame.number - frame.frame * facts["step"]
                elif self.holds.names == "place":
                    name = _frame_number(name) or str(place)
                yield name, frame
            if self.holds.names == "number" and any(job["type"] == "ground_truth" for job in facts["jobs"]):
                self.hidden.update(str(offset + frame * facts["step"]) for frame in range(facts["frames"]))

    def _image(self, name: str, wanted: Sequence[Expected]) -> None:
        """Compares what stands on an image."""
        found = self.shapes.get(name, [])
        self.counts.update(each.labels[0] for each in wanted if not each.many)
        by_label: defaultdict[str, list[Shape]] = defaultdict(list)
        for shape in found:
            by_label[shape.label].append(shape)
        missing: list[Expected] = []
        for each in wanted:
            if each.many:
                continue
            for label in each.labels:
                at = next((at for at, shape in enumerate(by_label[label]) if _agrees(each, shape)), None)
                if at is not None:
                    del by_label[label][at]
                    self.matched[each.labels[0]] += 1
                    break
            else:
                missing.append(each)
        if missing and not found and name not in self.check.images:
            self.check.find("missing-frame", None, f'"{name}" with {len(missing)} annotations is missing')
        elif missing:
            for each in missing:
                self._report("missing-annotation", name, each.labels[0], each.kind or "shape", each.values)
        for shape in (shape for left in by_label.values() for shape in left):
            if any(each.many and shape.label in each.labels and _within(each, shape) for each in wanted):
                self.counts[shape.label] += 1
                self.matched[shape.label] += 1
            else:
                # In CVAT's tracks the points of a skeleton stay when the skeleton itself has gone.
                part = self.holds.names == "number" and shape.kind == "skeleton"
                part = part and len(shape.values) < 2 * self.points[shape.label]
                code = "hidden-annotation" if part else "extra-annotation"
                self._report(code, name, shape.label, shape.kind, shape.values)

    def _report(self, code: str, image: str, label: str, kind: str, values: Sequence[float]) -> None:
        numbers = ", ".join(f"{value:.6g}" for value in values[:8]) + (", …" if len(values) > 8 else "")
        self.check.find(code, None, f'"{image}": {kind} of "{label}" ({numbers})')


def _frame_number(name: str) -> str | None:
    """The number that a name is as a whole, as Python reads it; that is how MOT takes it."""
    try:
        return str(int(name))
    except ValueError:
        return None


def _frames(source: Dataset, task: int, count: int) -> Iterator[Frame]:
    """The frames of a task that are not deleted."""
    for first in range(0, count, BATCH):
        wanted = range(first, min(first + BATCH, count))
        try:
            yield from source.frames(task, wanted)
        except Error as error:
            if error.code != "not-found":
                raise
            for frame in wanted:
                try:
                    yield source.frame(task, frame)
                except Error as each:
                    if each.code != "not-found":
                        raise


def _agrees(wanted: Expected, shape: Shape) -> bool:
    values = wanted.values
    found: Sequence[float] = shape.values
    if wanted.kind is None:
        found = shape.box()
    elif wanted.kind != shape.kind or len(values) != len(found):
        return False
    slack = wanted.slack
    return all(abs(one - other) <= slack for one, other in zip(values, found, strict=True))


def _within(wanted: Expected, shape: Shape) -> bool:
    x0, y0, x1, y1 = shape.box()
    left, top, right, bottom = wanted.values
    slack = wanted.slack
    return x0 >= left - slack and y0 >= top - slack and x1 <= right + slack and y1 <= bottom + slack
