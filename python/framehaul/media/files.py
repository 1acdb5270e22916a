"""Where FFmpeg finds the file of a video: in a folder, or inside an archive without unpacking it."""

from __future__ import annotations

import shutil
import zipfile
from tempfile import NamedTemporaryFile
from typing import TYPE_CHECKING

from framehaul.errors import SourceError

if TYPE_CHECKING:
    from contextlib import ExitStack
    from pathlib import Path

# The part of a member's header that always has the same length; the lengths of its name and extra field end it.
_HEADER = 30


def url(path: Path, member: str | None, until: ExitStack) -> str:
    """What FFmpeg opens: the file itself, or the bytes of the member. What that needs is kept until `until` closes."""
    if member is None:
        return str(path.absolute())
    try:
        with zipfile.ZipFile(path) as archive:
            info = archive.getinfo(member)
            if info.compress_type == zipfile.ZIP_STORED:
                start = _start(path, info)
                return f"subfile,,start,{start},end,{start + info.file_size},,:{path.absolute()}"
            # CVAT stores videos, so this is somebody else's archive.
            unpacked = until.enter_context(NamedTemporaryFile(prefix="framehaul-", suffix=".video"))  # noqa: SIM115
            with archive.open(info) as packed:
                shutil.copyfileobj(packed, unpacked, 1 << 20)
            unpacked.flush()
            return unpacked.name
    except (zipfile.BadZipFile, KeyError, NotImplementedError, RuntimeError) as error:
        raise SourceError(f"the video cannot be read from the archive: {error}", code="bad-zip") from error


def _start(path: Path, info: zipfile.ZipInfo) -> int:
    """Where the bytes of a member begin: its own header may have another length than the directory's."""
    with path.open("rb") as file:
        file.seek(info.header_offset)
        header = file.read(_HEADER)
    return (
        info.header_offset + _HEADER + int.from_bytes(header[26:28], "little") + int.from_bytes(header[28:], "little")
    )
