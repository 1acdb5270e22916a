"""What a verification finds."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from framehaul.verify.rules import Severity

MAX_FINDINGS = 20
"""Findings that are kept of one code; the others are counted."""
MAX_TEXT = 300
"""Characters of a message; data can hold names of any length."""


class Finding(NamedTuple):
    """A rule that an archive breaks, and where."""

    code: str
    """The rule, as a stable word such as `bad-crc`; `framehaul verify --rules` lists them."""
    severity: Severity
    member: str | None
    """Member of the archive."""
    line: int | None
    """Line in the member, from 1; None where lines mean nothing."""
    message: str
    """What was found, in one line."""

    def __str__(self) -> str:
        """The finding in one line."""
        place = "" if self.member is None else f"{plain(self.member)}{f':{self.line}' if self.line else ''}: "
        return f"{self.severity}[{self.code}]: {place}{self.message}"


class Difference(NamedTuple):
    """What the annotations of one label come to in the source and in the archive."""

    label: str
    source: int
    """Annotations of the source that the format holds."""
    archive: int
    """Annotations in the archive."""
    matched: int
    """Those that agree, one to one."""


class Verification(NamedTuple):
    """The result of `framehaul.verify`."""

    archive: str
    format: str | None
    """CVAT's display name of the format; None if it was not given and cannot be told."""
    findings: tuple[Finding, ...]
    """At most `MAX_FINDINGS` of each code, in the order in which they were found."""
    totals: dict[str, int]
    """How often each code was found."""
    counts: dict[str, int]
    """What was read: `members`, `bytes`, `images`, `annotations`."""
    labels: dict[str, int]
    """Annotations of each label."""
    differences: tuple[Difference, ...] | None
    """With a source to compare with, one for each label; else None."""

    @property
    def ok(self) -> bool:
        """Whether no error was found. Warnings do not count."""
        from framehaul.verify.rules import RULES

        return not any(RULES[code].severity == "error" for code in self.totals)

    def to_dict(self) -> dict[str, object]:
        """The result as plain values for JSON."""
        differences = self.differences
        return {
            "archive": self.archive,
            "format": self.format,
            "ok": self.ok,
            "counts": self.counts,
            "labels": self.labels,
            "totals": self.totals,
            "findings": [finding._asdict() for finding in self.findings],
            "differences": None if differences is None else [each._asdict() for each in differences],
        }

    def __str__(self) -> str:
        """The findings, a line each, and a line with the result."""
        from framehaul.verify.rules import RULES

        lines = [str(finding) for finding in self.findings]
        shown = Counter(finding.code for finding in self.findings)
        for code, total in self.totals.items():
            if total > shown[code]:
                lines.append(f"{RULES[code].severity}[{code}]: {total - shown[code]:,} more")
        if self.differences is not None:
            lines += [*_table(self.differences), ""]
        errors = sum(total for code, total in self.totals.items() if RULES[code].severity == "error")
        warnings = sum(self.totals.values()) - errors
        read = ", ".join(f"{count:,} {what}" for what, count in self.counts.items())
        end = "not valid" if errors else "valid"
        lines.append(f"{plain(self.archive)}: {self.format or 'unknown format'}, {end}: {read}")
        lines.append(f"{errors:,} errors, {warnings:,} warnings")
        return "\n".join(lines)


def plain(text: object) -> str:
    """Text from data as it may be printed: one line of limited length, without control characters."""
    shown = "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode() for char in str(text)[:MAX_TEXT]
    )
    return shown[: MAX_TEXT - 1] + "…" if len(shown) >= MAX_TEXT else shown


def _table(differences: tuple[Difference, ...]) -> list[str]:
    rows = [("LABEL", "SOURCE", "ARCHIVE", "AGREE")]
    rows += [(plain(each.label), f"{each.source:,}", f"{each.archive:,}", f"{each.matched:,}") for each in differences]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(
            [row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))]
        )
        for row in rows
    ]
