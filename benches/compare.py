"""Compares two results of pytest-benchmark: `compare.py old.json new.json --limit 1.15`.

Exits with 1 if a benchmark that both have became slower than the limit allows.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path


def times(path: Path) -> dict[str, float]:
    """The shortest time of each benchmark: the one that was disturbed least."""
    return {each["fullname"]: each["stats"]["min"] for each in json.loads(path.read_text())["benchmarks"]}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("old", type=Path)
    parser.add_argument("new", type=Path)
    parser.add_argument("--limit", type=float, default=1.15, help="new time over old time")
    arguments = parser.parse_args()
    old, new = times(arguments.old), times(arguments.new)
    slower = False
    for name in sorted(old.keys() & new.keys()):
        ratio = new[name] / old[name]
        slower |= ratio > arguments.limit
        print(f"{ratio:6.2f}  {'SLOWER' if ratio > arguments.limit else '      '}  {name}")
    sys.exit(slower)


if __name__ == "__main__":
    main()
