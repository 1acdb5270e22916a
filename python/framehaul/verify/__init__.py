"""Verification of archives and folders in any export format, whoever wrote them.

The readers share no code with the writers: they are Python over lxml, orjson, NumPy and Pillow, a file per family.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from framehaul.verify.result import Difference, Finding, Verification

if TYPE_CHECKING:
    import os

    from framehaul.dataset import Dataset

__all__ = ["Difference", "Finding", "Verification", "verify"]


def verify(
    archive: str | os.PathLike[str],
    *,
    format: str | None = None,  # noqa: A002 - as `framehaul.export` has it
    against: Dataset | str | os.PathLike[str] | None = None,
    media: bool = False,
) -> Verification:
    """Checks an archive or folder: the container, the rules of its format, and what refers to what.

    Damage is in the result, not an exception. Warnings are what CVAT itself writes although the format's own tools
    expect something else, and what is unusual.

    Args:
        archive: A ZIP file or a folder in one of the formats of `framehaul.formats`.
        format: Name or slug of the format; told by the members if not given.
        against: The dataset, or the source of it, that the archive must agree with: annotations per label and image,
            and their geometry within the precision of the format, tracks interpolated.
        media: Whether images are decoded and their sizes compared with the stated ones. Needs Pillow.

    Raises:
        SourceNotFoundError: If there is no such file or folder.
        UsageError: If no format has this name.
    """
    from pathlib import Path

    from framehaul import dataset, errors, registry

    path = Path(archive)
    if not (path.is_file() or path.is_dir()):
        raise errors.SourceNotFoundError(f'there is no file or folder "{path}"', code="not-found")
    slug = None if format is None else registry.find(format).slug
    if media:
        try:
            import PIL  # noqa: F401
        except ImportError:
            text = "--media needs Pillow; install framehaul[images]"
            raise errors.UsageError(text, code="missing-extra") from None
    source = against if against is None or isinstance(against, dataset.Dataset) else dataset.open(against)

    from framehaul.verify.run import run

    return run(path, slug, source, media=media)
