"""Checks the archive that the README's main command makes, with nothing but the standard library."""

from __future__ import annotations

import json
import sys
import zipfile
from collections import Counter

with zipfile.ZipFile(sys.argv[1]) as archive:
    broken = archive.testzip()
    names = archive.namelist()
    content = json.loads(archive.read("annotations/instances_default.json"))

labels = {category["id"]: category["name"] for category in content["categories"]}
found = Counter(labels[annotation["category_id"]] for annotation in content["annotations"])
images = {image["id"]: image["file_name"] for image in content["images"]}

problems = [
    problem
    for problem, there in {
        f"damaged member {broken}": broken is not None,
        f"members {names}": names != ["annotations/instances_default.json"],
        f"{len(images)} images, not 29": len(images) != 29,  # 30 frames, one of them deleted
        "no annotations of a label": not {"car", "person", "road"} <= set(found),
        "an annotation without an image": any(each["image_id"] not in images for each in content["annotations"]),
    }.items()
    if there
]
print("\n".join(problems) or f"{sys.argv[1]}: {len(images)} images, annotations: {dict(sorted(found.items()))}")
sys.exit(bool(problems))
