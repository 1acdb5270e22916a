"""The container: a ZIP file or a folder, read member by member, never unpacked."""

from __future__ import annotations

import re
import stat
import zipfile
import zlib
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, NamedTuple, Protocol

from framehaul.verify.result import plain

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MAX_RATIO = 1_100
"""How many times larger than packed a member may be. Deflate itself does not reach more than 1,032."""
MAX_TOTAL = 1 << 40
"""Bytes that an archive may unpack to."""
MAX_SMALL = 256 << 20
"""Bytes of a member that is read whole; larger ones only where they are read in a stream."""
MAX_LINE = 64 << 20
"""Bytes of a line."""
BLOCK = 1 << 20

_UNSAFE = re.compile(r"^[/\\]|^[A-Za-z]:|[\x00-\x1f\x7f]")


class DamageError(Exception):
    """A member that cannot be read. `code` is the rule that it breaks."""

    def __init__(self, code: str, member: str | None, text: str, line: int | None = None) -> None:
        super().__init__(text)
        self.code, self.member, self.line = code, member, line


class Find(Protocol):
    """Reports a finding."""

    def __call__(self, code: str, member: str | None, message: str, line: int | None = None) -> None:
        """Reports that a rule is broken."""


class Member(NamedTuple):
    """A file of an archive."""

    name: str
    size: int
    """In bytes, unpacked."""
    info: zipfile.ZipInfo | None


class Stream:
    """A member that is being read. What is wrong with it is a `DamageError`."""

    __slots__ = ("_file", "_name")

    def __init__(self, name: str, file: IO[bytes]) -> None:
        self._name, self._file = name, file

    def read(self, size: int = -1) -> bytes:
        """At most so many bytes; all that are left without a size."""
        with _damage(self._name):
            return self._file.read(size)


class Archive:
    """The members of a ZIP file or a folder, in the order of their names.

    Names that occur twice, and members that must not be read, are reported once, when the archive is opened; the latter
    are not among the members.
    """

    def __init__(self, path: Path, find: Find) -> None:
        self.path = path
        self.members: dict[str, Member] = {}
        self._find = find
        self._unread: set[str] = set()
        self._zip: zipfile.ZipFile | None = None
        self._limit = MAX_TOTAL
        if path.is_dir():
            self._list_folder()
        else:
            self._list_zip()
        self._check_names()

    def __enter__(self) -> Archive:  # noqa: PYI034 - Self is younger than Python 3.10
        return self

    def __exit__(self, *_: object) -> None:
        if self._zip is not None:
            self._zip.close()

    def __contains__(self, name: str) -> bool:
        return name in self.members

    def names(self, pattern: str = "") -> list[str]:
        """The names that match a pattern from beginning to end; all without one."""
        if not pattern:
            return list(self.members)
        matches = re.compile(pattern, re.DOTALL).fullmatch
        return [name for name in self.members if matches(name)]

    def read(self, name: str, limit: int = MAX_SMALL) -> bytes:
        """The whole content of a member."""
        size = self.members[name].size
        if size > limit:
            raise DamageError("oversized-member", name, f"{size:,} bytes, at most {limit:,} are read of such a member")
        with self.open(name) as file:
            return file.read(-1)

    @contextmanager
    def open(self, name: str) -> Iterator[Stream]:
        """A member as a stream. Reading to its end checks its checksum."""
        member = self.members[name]
        self._unread.discard(name)
        with _damage(name):
            if member.info is None or self._zip is None:
                file: IO[bytes] = (self.path / name).open("rb")
            else:
                file = self._zip.open(member.info)
        try:
            yield Stream(name, file)
        finally:
            file.close()

    def blocks(self, name: str) -> Iterator[bytes]:
        """The content of a member, block by block."""
        with self.open(name) as file:
            while block := file.read(BLOCK):
                yield block

    def lines(self, name: str) -> Iterator[bytes]:
        """The lines of a member, without their ends; what follows the last line break too, if there is anything."""
        rest = b""
        for block in self.blocks(name):
            *whole, rest = (rest + block).split(b"\n")
            if len(rest) > MAX_LINE:
                raise DamageError("oversized-member", name, f"a line has more than {MAX_LINE:,} bytes")
            yield from whole
        if rest:
            yield rest

    def drain(self) -> None:
        """Reads what no reader has read, for the checksums."""
        if self._zip is None:
            return
        for name in sorted(self._unread):
            try:
                for _ in self.blocks(name):
                    pass
            except DamageError as damage:
                self._find(damage.code, name, str(damage))

    def _list_folder(self) -> None:
        total = 0
        for path in sorted(self.path.rglob("*")):
            name = path.relative_to(self.path).as_posix()
            mode = path.lstat().st_mode
            if stat.S_ISREG(mode):
                size = path.stat().st_size
                total += size
                self.members[name] = Member(name, size, None)
            elif not stat.S_ISDIR(mode):
                self._find("unsafe-link", name, "is a link, a pipe or a device, and is not read")

    def _list_zip(self) -> None:
        try:
            self._zip = zipfile.ZipFile(self.path)
        except (
            zipfile.BadZipFile,
            zipfile.LargeZipFile,
            OSError,
            ValueError,
            NotImplementedError,
            OverflowError,
        ) as error:
            raise DamageError("bad-archive", None, f"not a readable ZIP file: {plain(error)}") from None
        seen: set[str] = set()
        total = 0
        # Members may share packed bytes, so that the whole is a bomb though no member is.
        self._limit = min(MAX_TOTAL, MAX_RATIO * self.path.stat().st_size + BLOCK)
        for info in sorted(self._zip.infolist(), key=lambda info: info.orig_filename):
            name = info.orig_filename  # `filename` is cut at a NUL
            if info.is_dir():
                continue
            if name in seen:
                self._find("duplicate-name", name, "another member has the same name")
                continue
            seen.add(name)
            total += info.file_size
            if self._may_read(info, total):
                self.members[name] = Member(name, info.file_size, info)
        self._unread = set(self.members)

    def _may_read(self, info: zipfile.ZipInfo, total: int) -> bool:
        name = info.orig_filename
        kind = stat.S_IFMT(info.external_attr >> 16)
        if info.flag_bits & 1:
            self._find("encrypted-member", name, "is encrypted, and is not read")
        elif kind not in (0, stat.S_IFREG):
            self._find("unsafe-link", name, "is a link or a device, and is not read")
        elif info.file_size > MAX_RATIO * max(info.compress_size, 1) + BLOCK or total > self._limit:
            self._find(
                "oversized-member",
                name,
                f"claims {info.file_size:,} bytes from {info.compress_size:,}, and is not read",
            )
        else:
            return True
        return False

    def _check_names(self) -> None:
        if not self.members:
            self._find("empty-archive", None, "there are no members")
        folded: dict[str, str] = {}
        folders: set[str] = set()
        for name in self.members:
            parts = name.replace("\\", "/").split("/")
            if _UNSAFE.search(name) or ".." in parts:
                self._find("unsafe-name", name, "the name leaves the folder, or has control characters")
            first = folded.setdefault(name.casefold(), name)
            if first != name:
                self._find("case-collision", name, f'differs from "{plain(first)}" in letter case only')
            end = name.find("/")
            while end >= 0:
                folders.add(name[:end])
                end = name.find("/", end + 1)
        for name in sorted(folders & self.members.keys()):
            self._find("name-clash", name, "is a file and a folder")


@contextmanager
def _damage(name: str) -> Iterator[None]:
    try:
        yield
    except zipfile.BadZipFile as error:
        code = "bad-crc" if "CRC" in str(error) else "bad-member"
        text = "the checksum is wrong" if code == "bad-crc" else f"cannot be unpacked: {plain(error)}"
        raise DamageError(code, name, text) from None
    except (zlib.error, EOFError, NotImplementedError, OSError, RuntimeError, ValueError) as error:
        raise DamageError("bad-member", name, f"cannot be unpacked: {plain(error) or type(error).__name__}") from None
