"""The rules: one table, from which the documentation and the tests come."""

from __future__ import annotations

from typing import Literal, NamedTuple

Severity = Literal["error", "warning"]


class Rule(NamedTuple):
    """What must hold in an archive."""

    severity: Severity
    text: str
    """The rule as a sentence."""


_E: Severity = "error"
_W: Severity = "warning"

RULES: dict[str, Rule] = {
    # The container.
    "bad-archive": Rule(_E, "The archive is a complete ZIP file or a readable folder."),
    "empty-archive": Rule(_W, "The archive has members. CVAT's export of a project without tasks has none."),
    "bad-member": Rule(_E, "Every member can be unpacked to its stated size."),
    "bad-crc": Rule(_E, "Every member has the checksum that the directory of the ZIP states."),
    "encrypted-member": Rule(_E, "No member is encrypted."),
    "oversized-member": Rule(_E, "No member unpacks to more than its limit in size, or in size per packed byte."),
    "duplicate-name": Rule(_E, "No two members have the same name."),
    "unsafe-name": Rule(_E, "Names stay in the folder: no absolute paths, no `..`, no drive, no control characters."),
    "unsafe-link": Rule(_E, "No member is a link or a device."),
    "name-clash": Rule(_E, "No name is that of a file and of a folder at once."),
    "case-collision": Rule(_W, "No two names differ in letter case only."),
    "unexpected-member": Rule(_W, "Every member belongs to the format."),
    # The format.
    "unknown-format": Rule(_E, "The members are those of a format that framehaul knows."),
    "no-rules": Rule(_W, "The format has rules: without them only the container is checked."),
    "missing-member": Rule(_E, "Every member that the format requires is there."),
    "bad-utf8": Rule(_E, "Text is UTF-8."),
    "bad-json": Rule(_E, "JSON is well-formed."),
    "bad-xml": Rule(_E, "XML is well-formed."),
    "xml-doctype": Rule(_E, "XML has no document type: it could declare entities."),
    "bad-yaml": Rule(_E, "YAML is a plain mapping, as the format writes it."),
    "missing-key": Rule(_E, "Every value that the format requires is there."),
    "bad-value": Rule(_E, "Every value has the type and range that the format states."),
    "bad-columns": Rule(_E, "Every line has the number of columns that the format states."),
    "bad-number": Rule(_E, "Every number is a finite number."),
    # Cross references.
    "duplicate-id": Rule(_E, "Every id is given once."),
    "shared-image-id": Rule(_W, "An image id stands for one image in all subsets. CVAT reuses it for equal names."),
    "duplicate-label": Rule(_W, "Every label is listed once."),
    "unknown-class": Rule(_E, "Every class number and label is listed."),
    "foreign-keypoints": Rule(
        _W, "Keypoints stand at a category with keypoints. CVAT takes that of the largest shape of a group."
    ),
    "unknown-image": Rule(_E, "Every annotation belongs to a listed image."),
    "missing-label-file": Rule(_E, "Every listed image has its label file."),
    "unlisted-file": Rule(_E, "Every label file belongs to a listed image."),
    "duplicate-image": Rule(_W, "No list names an image twice."),
    "shared-image": Rule(_W, "No image stands in two subsets."),
    "missing-split": Rule(_W, "The splits that the format's own tools require are there. CVAT keeps its subset names."),
    "foreign-path": Rule(_W, "Paths start in the archive. CVAT writes `data/` in front."),
    # Geometry.
    "bad-box": Rule(
        _W, "No box has a negative width or height. CVAT writes those that an import or a script has made."
    ),
    "bad-polygon": Rule(_E, "A polygon has pairs of coordinates, three at least."),
    "bad-mask": Rule(_E, "The run lengths of a mask fill its image, or its box, and no more."),
    "wrong-area": Rule(_E, "The stated area is that of the annotation."),
    "wrong-count": Rule(_E, "Stated counts are the counts of what is there."),
    "wrong-order": Rule(_E, "Frames of a track ascend, and none occurs twice."),
    "shared-track": Rule(
        _W, "A track has one box on a frame. In projects CVAT gives tracks of several tasks one number."
    ),
    "outside-image": Rule(_W, "Coordinates lie in the image. CVAT does not clip them."),
    # Images.
    "bad-image": Rule(_E, "Every image can be decoded."),
    "image-size": Rule(_E, "Every image has the size that the annotations state."),
    "missing-image": Rule(_E, "With images in the archive, every listed image is there."),
    "colour-skew": Rule(
        _W, "The colours of a bitmap are those of its text. In CVAT they differ where the numbers of `index` have gaps."
    ),
    "shared-mask": Rule(_W, "Every row has a mask of its own. CVAT's names for masks may coincide."),
    "unread-images": Rule(_W, "Label images can be read: that needs Pillow."),
    "bad-colour": Rule(_E, "Every colour of a label image belongs to a listed label."),
    # The source.
    "missing-frame": Rule(_E, "Every frame of the source with annotations for the format is there."),
    "extra-frame": Rule(_E, "Every annotated image is a frame of the source."),
    "missing-annotation": Rule(_E, "Every annotation of the source that the format holds is there."),
    "extra-annotation": Rule(_E, "Every annotation is one of the source."),
    "wrong-pixels": Rule(_E, "A label image shows the labels of the source, away from outlines."),
    "hidden-annotation": Rule(
        _W,
        "Nothing out of sight is there. CVAT for video shows frames that a ground-truth job replaces, and points of"
        " skeletons that have gone.",
    ),
    "not-compared": Rule(_W, "The format can be compared with its source."),
}


def table() -> str:
    """The rules as a table in Markdown."""
    rows = [f"| `{code}` | {rule.severity} | {rule.text} |" for code, rule in RULES.items()]
    return "\n".join(["| code | severity | rule |", "|---|---|---|", *rows])
