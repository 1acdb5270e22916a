"""The command `verify`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

import framehaul
from framehaul import errors
from framehaul.report import indented


def verify(
    archive: Annotated[
        Path | None, typer.Argument(metavar="ARCHIVE", help="A ZIP file or a folder, written by framehaul or by CVAT.")
    ] = None,
    *,
    name: Annotated[
        str | None,
        typer.Option("--format", "-f", metavar="FORMAT", help="Name or slug. Default: told by the members."),
    ] = None,
    against: Annotated[
        str | None,
        typer.Option(metavar="SOURCE", help="Compare annotations and geometry with those of this source."),
    ] = None,
    media: Annotated[
        bool, typer.Option("--media", help="Decode images too and compare their sizes (needs Pillow).")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    rules: Annotated[bool, typer.Option("--rules", help="List the rules and exit.")] = False,
) -> None:
    """Check ARCHIVE: the container, the rules of its format, and what refers to what. Exit code 1 if it has errors."""
    if rules:
        from framehaul.verify.rules import table

        print(table())
        return
    if archive is None:
        raise errors.UsageError("name an archive or a folder", code="bad-option")
    found = framehaul.verify(archive, format=name, against=against, media=media)
    if json:
        sys.stdout.buffer.write(indented(found.to_dict()))
    else:
        print(found)
    if not found.ok:
        raise typer.Exit(1)
