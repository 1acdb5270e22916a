"""Compares the speed of two installed versions of framehaul: `compare.py OLD/bin/python NEW/bin/python`.

Both run the benchmarks of this folder that have the marker `gate`, in turns, so that a slow minute of the machine meets
both. What counts is the least of all turns: other work can only make a figure larger. Benchmarks over the limit, and
those whose least figure still fell in the last turn, run again on both sides, up to `--more` times: noise disappears
that way, a slower encoder does not.

Exits with 1 if a figure stays over its limit. Writes a Markdown summary, also to `$GITHUB_STEP_SUMMARY`, and what
pytest-benchmark measured in each turn to `--results`. Both environments need the extra `test`.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import subprocess
import sys
import tempfile
from pathlib import Path

BENCHES = Path(__file__).parent
# How many times the old figure the new one may be. CPU time and memory hardly depend on what else the machine does.
LIMITS = {"CPU ms": 1.10, "wall ms": 1.30, "peak MiB": 1.10}
SETTLED = 0.97
"""A least figure has settled when a turn finds none below this part of it."""
SHOWN = 8
"""Rows at each end of the summary."""

Key = tuple[str, str]  # name of a benchmark, name of a figure
Figures = dict[Key, float]


def figures(path: Path) -> Figures:
    """The least CPU time of each benchmark, and what else it measured."""
    found: Figures = {}
    for each in json.loads(path.read_text())["benchmarks"]:
        measured = {"CPU ms": 1000 * each["stats"]["min"]} | each["extra_info"]
        if "peak MiB" in measured:
            del measured["CPU ms"]  # that of a child process does not count in this one
        found |= {(each["fullname"], name): value for name, value in measured.items() if name in LIMITS}
    return found


class Side:
    """One of the two versions."""

    def __init__(self, name: str, python: Path, results: Path, only: str = "") -> None:
        self._name, self._python, self._results, self._only = name, python, results, only
        self._turns = 0
        self.best: Figures = {}

    def turn(self, names: list[str]) -> set[Key]:
        """Runs these benchmarks, or all, and keeps the least of each figure. Returns those that have not settled."""
        self._turns += 1
        out = self._results / f"{self._name}-{self._turns}.json"
        command = [self._python.absolute(), "-m", "pytest", "-q", "-m", "gate", "-k", self._only, "--benchmark-enable"]
        command += [
            "--benchmark-timer=time.process_time",
            "--benchmark-max-time=0.05",
            f"--benchmark-json={out.absolute()}",
        ]
        ran = subprocess.run([*command, *(names or ["benches"])], cwd=BENCHES.parent, capture_output=True, check=False)
        if not out.exists():
            sys.exit(f"the benchmarks of {self._name} do not run:\n{ran.stdout.decode()}{ran.stderr.decode()}")
        if ran.returncode and self._name == "new":  # the old version may lack what is measured now
            sys.exit(f"benchmarks of the new version fail:\n{ran.stdout.decode()}")
        found = figures(out)
        unsettled = {key for key, value in found.items() if value < SETTLED * self.best.get(key, math.inf)}
        self.best |= {key: min(value, self.best.get(key, math.inf)) for key, value in found.items()}
        return unsettled


def slower(old: Figures, new: Figures) -> list[Key]:
    """The figures over their limits."""
    return [key for key in sorted(old.keys() & new.keys()) if new[key] > old[key] * LIMITS[key[1]]]


def row(key: Key, old: Figures, new: Figures) -> str:
    """A row of the table."""
    name = key[0].split("::", 1)[-1].replace("|", "\\|")
    return f"| {new[key] / old[key]:.2f} | `{name}` | {key[1]} | {old[key]:.2f} | {new[key]:.2f} |\n"


def summary(old: Figures, new: Figures, over: list[Key]) -> str:
    """What a reviewer wants to know, as Markdown."""
    both = sorted(old.keys() & new.keys(), key=lambda key: new[key] / old[key], reverse=True)
    times = [new[key] / old[key] for key in both if key[1] == "CPU ms"]
    mean = math.exp(sum(map(math.log, times)) / len(times)) if times else math.nan
    head = "| new / old | benchmark | figure | old | new |\n|---:|---|---|---:|---:|\n"
    verdict = f"{len(over)} slower or larger than allowed" if over else "nothing is slower or larger than allowed"
    text = (
        f"## Benchmarks: {verdict}\n\n{len(both)} figures; CPU time on average {mean:.3f} times that of the base.\n\n"
    )
    if over:
        text += head + "".join(row(key, old, new) for key in over) + "\n"
    ends = both if len(both) <= 2 * SHOWN else [*both[:SHOWN], *both[-SHOWN:]]
    text += "Largest and smallest ratios:\n\n" + head + "".join(row(key, old, new) for key in ends)
    only = sorted({key[0] for key in new.keys() - old.keys()})
    return text + (f"\nMeasured in the new version only: {', '.join(only)}\n" if only else "")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("old", type=Path, help="the Python of the environment with the old version")
    parser.add_argument("new", type=Path, help="the Python of the environment with the new version")
    parser.add_argument("--turns", type=int, default=3, help="turns of all benchmarks (default 3)")
    parser.add_argument("--more", type=int, default=8, help="further turns of those that need it (default 8)")
    parser.add_argument("-k", dest="only", default="", help="only benchmarks that match, as pytest's -k")
    parser.add_argument("--results", type=Path, help="folder for what was measured")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        results = arguments.results or Path(temporary)
        results.mkdir(parents=True, exist_ok=True)
        old = Side("old", arguments.old, results, arguments.only)
        new = Side("new", arguments.new, results, arguments.only)
        over: list[Key] = []
        again: set[Key] = set()
        for turn in range(arguments.turns + arguments.more):
            is_further = turn >= arguments.turns
            if is_further and not again:
                break
            names = sorted({name for name, _ in again}) if is_further else []
            # Each begins in its turn, since the first of two may find colder caches.
            sides = (old, new) if turn % 2 else (new, old)
            again = set().union(*(side.turn(names) for side in sides))
            over = slower(old.best, new.best)
            again = (again | set(over)) & old.best.keys() & new.best.keys()
            print(f"turn {turn + 1}: {len(over)} over the limit, {len(again)} to measure again", file=sys.stderr)
        text = summary(old.best, new.best, over)
        (results / "summary.md").write_text(text)
    print(text)
    if "GITHUB_STEP_SUMMARY" in os.environ:
        with Path(os.environ["GITHUB_STEP_SUMMARY"]).open("a") as file:
            file.write(text)
    sys.exit(bool(over))


if __name__ == "__main__":
    main()
