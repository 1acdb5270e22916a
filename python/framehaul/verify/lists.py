"""Lists and tables of images, faces and texts: ImageNet, LFW, Market-1501, VGGFace2, WiderFace, ICDAR."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from framehaul.verify import images
from framehaul.verify.check import Shape, stem

if TYPE_CHECKING:
    from framehaul.verify.archive import Archive
    from framehaul.verify.check import Check, Kind

_WHOLE = re.compile(r"-?[0-9]{1,15}")


def imagenet(archive: Archive, check: Check) -> None:
    """Reads `ImageNet 1.0`."""
    lists = archive.names(r"(?!synsets\.txt)[^/]+\.txt")
    if "synsets.txt" not in archive and not lists:
        return  # with images CVAT writes no lists
    names = check.names(archive, "synsets.txt")
    check.classes = names
    for member in lists:
        seen: set[str] = set()
        for number, line in check.lines(archive, member):
            name, classes = _classes(line)
            if name is None:
                check.find("bad-columns", member, "is not the name of an image and numbers", number)
                continue
            if name in seen and not classes:
                check.find("duplicate-image", member, f'"{name}" is listed twice', number)
            seen.add(name)
            check.image(stem(name))
            for text in classes:
                place = int(text)
                if place >= len(names):
                    check.find("unknown-class", member, f"there is no class {text}", number)
                else:
                    check.shape(Shape(stem(name), names[place], "tag"))


def _classes(line: str) -> tuple[str | None, list[str]]:
    """Name and numbers of a line. A name with blanks has quotes, or is followed by one number."""
    quoted = re.fullmatch(r'"(.*)"(\.[^". ]*)?((?: [0-9]{1,9})*) ?', line)
    if quoted:
        return f"{quoted.group(1)}{quoted.group(2) or ''}", quoted.group(3).split()
    plain = re.fullmatch(r"(.*?)((?: [0-9]{1,9})+| )", line)
    return (plain.group(1), plain.group(2).split()) if plain and plain.group(1) else (None, [])


def market(archive: Archive, check: Check) -> None:
    """Reads `Market-1501 1.0`."""
    lists = archive.names(r"images_[^/]+\.txt")
    if not lists:
        check.find("missing-member", None, "there is no images_SUBSET.txt")
    for member in lists:
        subset = member.removeprefix("images_").removesuffix(".txt")
        seen: set[str] = set()
        for number, line in check.lines(archive, member):
            if not line.startswith(("query/", f"bounding_box_{subset}/")):
                check.find("bad-value", member, f'"{line}" is in no folder of the format', number)
                continue
            if line in seen:
                check.find("duplicate-image", member, f'"{line}" is listed twice', number)
            seen.add(line)
            name = stem(line.partition("/")[2])
            check.image(name)
            check.files[line] = None
            person = re.fullmatch(r"(?:.*/)?(-?[^/_]+)_c[0-9]+s[0-9]+_[0-9]+_[0-9]+.*", name)
            if person:
                check.shape(Shape(name, person.group(1), "tag"))


def vggface(archive: Archive, check: Check) -> None:
    """Reads `VGGFace2 1.0`."""
    whole = set(check.names(archive, "labels.txt"))
    members = archive.names(r"bb_landmark/loose_(?:bb|landmark)_.*\.csv")
    if not members:
        check.nothing(archive, ".*/.*", "there is no bb_landmark/loose_landmark_SUBSET.csv")
    for member in members:
        count = 5 if member.startswith("bb_landmark/loose_bb_") else 11
        kind: Kind = "box" if count == 5 else "points"
        for number, row in check.rows(archive, member):
            if len(row) != count or (number == 1 and row[0] != "NAME_ID"):
                check.find("bad-columns", member, f"has {len(row)} columns, not {count}", number)
            elif number > 1:
                _face_row(check, member, number, row, whole, kind)


def _face_row(check: Check, member: str, number: int, row: list[str], labels: set[str], kind: Kind) -> None:
    first, _, name = row[0].partition("/")
    label = next((text for text in labels if row[0].startswith(f"{text}/")), None)
    # Of a sublabel the list has the name and that of its skeleton.
    if label is None and first != "no_label" and first not in {text.split(" ")[0] for text in labels}:
        check.find("unknown-class", member, f'"{row[0]}" does not begin with a label', number)
        return
    check.image(name)
    if kind == "points" and not any(row[1:]):
        return  # a tag, or points that are not five
    values = check.numbers(row[1:], member, number)
    if values is None:
        return
    if kind == "box":
        if values[2] < 0 or values[3] < 0:
            check.find("bad-box", member, f"the size is {values[2]} x {values[3]}", number)
        values = [values[0], values[1], values[0] + values[2], values[1] + values[3]]
    check.shape(Shape(name, label or first, kind, values))


def lfw(archive: Archive, check: Check) -> None:
    """Reads `LFW 1.0`."""
    members = archive.names(r"[^/]+/annotations/(?:pairs|people|landmarks)\.txt")
    for subset in sorted({member.partition("/")[0] for member in members}):
        if f"{subset}/annotations/pairs.txt" not in archive:
            check.find("missing-member", f"{subset}/annotations/pairs.txt", "is missing")
    for member in members:
        kind = member.rpartition("/")[2]
        for number, line in check.lines(archive, member):
            fields = line.split("\t")
            if kind == "people.txt":
                if len(fields) == 1 and number == 1 and fields[0].isdecimal():
                    check.training = True  # the number of persons
                elif len(fields) != 2 or not fields[1].isdecimal():
                    check.find("bad-columns", member, "is not a person and the number of images", number)
            elif kind == "pairs.txt":
                if len(fields) > 4 or (len(fields) == 2 and number > 1):
                    check.find("bad-columns", member, "is neither a pair nor an image", number)
            else:
                values = check.numbers(fields[1:], member, number)
                if len(fields) < 3 or len(fields) % 2 == 0:
                    check.find("bad-columns", member, "is not an image and pairs of coordinates", number)
                elif values is not None:
                    name = stem(fields[0])
                    check.image(name)
                    check.shape(Shape(name, "", "points", values))


def widerface(archive: Archive, check: Check) -> None:
    """Reads `WiderFace 1.0`."""
    names = check.names(archive, "labels.txt") if "labels.txt" in archive else []
    members = archive.names(r"wider_face_split/wider_face_.*_bbx_gt\.txt")
    if not members:
        check.nothing(archive, ".*/.*", "there is no wider_face_split/wider_face_SUBSET_bbx_gt.txt")
    for member in members:
        subset = member.removeprefix("wider_face_split/wider_face_").removesuffix("_bbx_gt.txt")
        _faces(archive, check, member, subset, names)


def _faces(archive: Archive, check: Check, member: str, subset: str, names: list[str]) -> None:
    name = ""
    left = 0  # rows that must follow
    counted = True
    dummy = False
    for number, line in check.lines(archive, member):
        words = line.split(" ")
        if left:
            left -= 1
            values = check.numbers(words[:4], member, number) if len(words) >= 10 else None
            if len(words) < 10:
                check.find("bad-columns", member, f"has {len(words)} columns, not ten", number)
            elif values is not None and not (dummy and not any(values)):
                check.training |= len(words) == 10
                label = _face(words, names)
                if label is None:
                    check.find("unknown-class", member, "does not end with a listed label", number)
                    continue
                if values[2] < 0 or values[3] < 0:
                    check.find("bad-box", member, f"the size is {values[2]} x {values[3]}", number)
                x, y, width, height = values
                check.shape(Shape(name, label, "box", (x, y, x + width, y + height)))
        elif not counted and line.isdecimal() and len(line) < 10:
            counted = True
            dummy = line == "0"
            left = int(line) or 1
        else:
            event, slash, path = line.partition("/")
            if not slash:
                check.find("bad-columns", member, "is neither an image in an event nor a number of boxes", number)
                continue
            name, counted = stem(path), False
            place = event.partition("--")[0]
            if names and event != "no_label" and not (place.isdecimal() and int(place[:9]) < len(names)):
                check.find("unknown-class", member, f'there is no event "{event}"', number)
            check.image(name)
            check.files[f"WIDER_{subset}/images/{line}"] = None
    if left and not dummy:
        check.find("wrong-count", member, f"{left} rows of the last image are missing")


def _face(words: list[str], names: list[str]) -> str | None:
    """The label at the end of a row: what the row ends with, since texts of attributes may have blanks."""
    if len(words) == 10 or words[-1] == "":
        return "face"
    end = " ".join(words[10:])
    return max((name for name in names if f" {end}".endswith(f" {name}")), key=len, default=None)


def recognition(archive: Archive, check: Check) -> None:
    """Reads `ICDAR Recognition 1.0`."""
    members = archive.names(r"[^/]+/gt\.txt")
    if not members:
        check.find("missing-member", None, "there is no SUBSET/gt.txt")
    for member in members:
        subset = member.partition("/")[0]
        for number, line in check.lines(archive, member):
            matched = re.fullmatch(r'(.+?), ((?:".*")?)', line)
            if not matched:
                check.find("bad-columns", member, "is not an image, a comma and texts in quotes", number)
                continue
            name, text = matched.groups()
            check.image(stem(name))
            check.files[f"{subset}/images/{name}"] = None
            if text:
                check.shape(Shape(stem(name), "", "other"))


def localization(archive: Archive, check: Check) -> None:
    """Reads `ICDAR Localization 1.0`."""
    members = archive.names(r"[^/]+/(?:.*/)?gt_[^/]*\.txt")
    for member in members:
        folder, _, file = member.partition("/")[2].rpartition("/")
        name = stem(file.removeprefix("gt_"))
        name = f"{folder}/{name}" if folder else name
        check.image(name)
        with check.member(member):
            for number, line in check.lines(archive, member):
                if line:
                    _place(check, member, number, line, name)


def _place(check: Check, member: str, number: int, line: str, name: str) -> None:
    box = re.fullmatch(r'(\S+) (\S+) (\S+) (\S+)(?: ".*")?', line)
    if box:
        values = check.numbers(list(box.groups()), member, number)
        if values is not None:
            if values[2] < values[0] or values[3] < values[1]:
                check.find("bad-box", member, "the box has a negative size", number)
            check.shape(Shape(name, "", "box", values))
        return
    words = line.split(",")
    count = next(
        (place for place, word in enumerate(words) if not re.fullmatch(r"-?[0-9.]+(?:e[-+]?[0-9]+)?", word)), len(words)
    )
    if len(words) > 8 and not line.endswith('"'):
        check.training = True
        count = min(count, 8)  # the text may be a number too
    if count < 6 or count % 2:
        check.find("bad-columns", member, "is neither four numbers between blanks nor pairs between commas", number)
        return
    values = check.numbers(words[:count], member, number)
    if values is not None:
        check.shape(Shape(name, "", "polygon", values))


def characters(archive: Archive, check: Check) -> None:
    """Reads `ICDAR Segmentation 1.0`."""
    readable = images.usable(check)
    members = archive.names(r"[^/]+/.*_GT\.txt")
    for member in members:
        name = member.partition("/")[2].removesuffix("_GT.txt")
        check.image(name)
        with check.member(member):
            _characters(archive, check, member, name, readable=readable)
    for bitmap in archive.names(r"[^/]+/.*_GT\.bmp"):
        if f"{bitmap.removesuffix('.bmp')}.txt" not in archive:
            check.find("unlisted-file", bitmap, "has no text file")


def _characters(archive: Archive, check: Check, member: str, name: str, *, readable: bool) -> None:
    colours: set[images.Colour] = set()
    rows = 0
    for number, line in check.lines(archive, member):
        if not line:
            continue
        matched = re.fullmatch(r'#?(\d+) (\d+) (\d+) (.*?) (-?[\d.]+) (-?[\d.]+) (-?[\d.]+) (-?[\d.]+) ".*"', line)
        colour = images.colour(list(matched.groups()[:3])) if matched else None
        if matched is None or colour is None:
            check.find("bad-columns", member, "is not a colour, a centre, a box and a text in quotes", number)
            continue
        rows += 1
        colours.add(colour)
        values = check.numbers(matched.groups()[4:], member, number)
        if values is not None:
            check.shape(Shape(name, "", "box", values))
    bitmap = f"{member.removesuffix('.txt')}.bmp"
    if rows and bitmap not in archive:
        check.find("missing-member", bitmap, "is missing; its text file has lines")
    elif rows and readable:
        found = images.colours(images.decode(archive, bitmap))
        # Where numbers of the attribute `index` have gaps, CVAT paints other colours, or black.
        if found is None or len(found) > rows + 2:
            check.find("bad-colour", bitmap, "has more colours than its text file has lines")
        elif not found.keys() <= colours | {(255, 255, 255)}:
            check.find("colour-skew", bitmap, "has colours that are not in its text file")
