"""The comparison with a source: whether an archive has just the annotations that its format should hold."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING

import numpy as np

from framehaul.verify import images
from framehaul.verify.archive import DamageError
from framehaul.verify.check import stem
from framehaul.verify.holds import HOLDS
from framehaul.verify.maps import Shown, differing
from framehaul.verify.result import Difference

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from framehaul.dataset import Dataset
    from framehaul.frame import Frame
    from framehaul.verify.check import Check, Shape
    from framehaul.verify.expected import Expected
    from framehaul.verify.holds import Holds


def compare(check: Check, slug: str, source: Dataset) -> tuple[Difference, ...] | None:
    """Compares the annotations that were read with those of the source, and reports what differs."""
    holds = HOLDS.get(slug)
    if holds is None or check.shapes is None:
        check.find("not-compared", None, "this format is not compared with a source yet")
        return None
    if (check.training and not holds.training) or (slug == "imagenet" and not check.images):
        check.find("not-compared", None, "this profile of the format is not compared with a source yet")
        return None
    if slug == "open-images" and holds.ignored & {shape.kind for shapes in check.shapes.values() for shape in shapes}:
        check.find("not-compared", None, "masks of this format are not compared with a source yet")
    return _Comparison(check, holds, source).run()


class _Comparison:
    def __init__(self, check: Check, holds: Holds, source: Dataset) -> None:
        self.check, self.holds, self.source = check, holds, source
        self.shapes = {
            name: [shape for shape in shapes if shape.kind not in holds.ignored]
            for name, shapes in (check.shapes or {}).items()
        }
        self.found = Counter(shape.label for shapes in self.shapes.values() for shape in shapes)
        found = source.inspect()
        self.labels = found["labels"]
        self.tasks = found["tasks"]
        self.points = {
            label["name"]: sum(each["name"].startswith(f"{label['name']}/") for each in self.labels)
            for label in self.labels
        }
        self.hidden: set[str] = set()
        self.mapped: set[str] = set()
        self.counts: Counter[str] = Counter()
        self.matched: Counter[str] = Counter()

    def run(self) -> tuple[Difference, ...]:
        rename = self._renamed()
        seen: set[str] = set()
        waiting: defaultdict[str, list[Expected]] = defaultdict(list)
        for name, frame in self._frames():
            seen.add(name)
            wanted = list(self.holds.expect(frame, self.check.training))
            if self.holds.drawn:
                self._map(name, frame)
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
        labels = sorted(self.counts.keys() | self.found.keys())
        return tuple(Difference(label, self.counts[label], self.found[label], self.matched[label]) for label in labels)

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
        for task, facts in sorted(
            zip(self.source.tasks, self.tasks, strict=True), key=lambda pair: pair[0].subset or "default"
        ):
            offset = 0
            for frame in task:
                place += 1
                name = stem(frame.name)
                if self.holds.names == "number":
                    name = str(frame.number)
                    offset = frame.number - frame.frame * facts["step"]
                elif self.holds.names == "place":
                    name = _frame_number(name) or str(place)
                yield name, frame
            if self.holds.names == "number" and any(job.type == "ground_truth" for job in task.jobs):
                self.hidden.update(str(offset + frame * facts["step"]) for frame in range(task.size))

    def _map(self, name: str, frame: Frame) -> None:
        """Compares what the label image of a frame shows; without one it shows nothing."""
        load = self.check.maps.pop(name, None)
        if len(self.tasks) > 1 and (load is None or name in self.mapped):
            return  # images of one name have one file
        self.mapped.add(name)
        if load is None:
            if not (0 < frame.width * frame.height <= images.MAX_PIXELS):
                return
            empty = np.zeros((frame.height, frame.width), np.int32)
            numbers = {each.label: 1 for each in frame.annotations if each.label != "background"}
            shown = Shown(empty, numbers, 0)
            code = "missing-frame"
        else:
            try:
                shown = load()
            except DamageError:
                return  # reported already
            code = "wrong-pixels"
        wrong = differing(frame, shown, self.holds.drawn, tracked=self.holds.tracked)
        if wrong:
            self.check.find(code, None, f'"{name}": {wrong:,} pixels show another label')

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
