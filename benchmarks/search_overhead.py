"""What search itself costs, models and rules being free, beside other libraries and beside a bare loop.

    make bench-venv                                      # once: the peers, in an environment of their own
    python benchmarks/search_overhead.py                 # every algorithm and peer: medians of 7 interleaved rounds
    python benchmarks/search_overhead.py --pairs 1       # the same in about a minute
    python benchmarks/search_overhead.py --long          # peers in larger trees too: minutes a round, and gigabytes

All search the same tree of integers (search_ours.py says which, search_peers.py what the peers do there). A node is
one created child: proposed, stepped to, made, judged where the algorithm judges it, and its share of the choosing.
An iteration of UCT is 5 nodes, the children of one leaf, on all sides. Each measurement is a fresh process with one
thread; each peer is measured right after ours, and a ratio is the median of those of such pairs.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

HERE = Path(__file__).resolve()
PEERS = HERE.parent.parent / ".bench-venv" / "bin" / "python"
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
WIDTH = 5
NOTHING = "-"

Times = dict[str, list[float]]  # microseconds a node of one column, a round each


@dataclass(frozen=True)
class Versus:
    """A peer beside our `mcts` of as many iterations; the goals are for peer / ours with the journal off, and on."""

    title: str
    side: str  # of search_peers.py
    package: str | None  # None: needs no package
    iterations: int
    unit: str = "iteration"
    off: float | None = None
    on: float | None = None
    long: bool = False


VERSUS = (
    Versus("bare loop", "bare", None, 1000),
    Versus("llm-reasoners", "reasoners", "llm-reasoners", 1000, off=2),
    Versus("llm-reasoners, trace", "trace", "llm-reasoners", 100, on=500),
    Versus("llm-reasoners, trace", "trace", "llm-reasoners", 300, on=500, long=True),
    Versus("llm-reasoners, trace", "trace", "llm-reasoners", 1000, on=500, long=True),
    Versus("treequest, in place", "inplace", "treequest", 100, unit="node", off=4),
    Versus("treequest, in place", "inplace", "treequest", 1000, unit="node", off=4, long=True),
    Versus("treequest, default", "default", "treequest", 50, unit="node"),
)
COLUMNS = ("1/off", "1/on", "64/off", "64/on")
HEADS = ("ours", "unit", "off, 1", "on, 1", "off, 64", "on, 64", "peer", "peer's", "/ off", "/ on", "goal", "")


def measured(python: Path | str, side: str, what: str) -> float:
    """One measurement in a fresh process: microseconds a node."""
    words = [str(python), str(HERE), "--side", side, "--what", what]
    done = subprocess.run(
        words, capture_output=True, text=True, env={**os.environ, **ONE_THREAD, "PYTHONHASHSEED": "0"}
    )
    if done.returncode:
        sys.exit(f"{' '.join(words)} failed:\n{done.stderr}")
    return float(json.loads(done.stdout.splitlines()[-1]))


def version(python: Path, package: str) -> str | None:
    """Of a package there; None if it is not installed."""
    if not python.exists():
        return None
    code = f"from importlib.metadata import version; print(version({package!r}))"
    done = subprocess.run([str(python), "-c", code], capture_output=True, text=True)
    return done.stdout.strip() or None


def row(title: str, unit: str, times: Times, versus: Versus | None = None) -> list[str]:
    scale = WIDTH if unit == "iteration" else 1
    cells = [f"{scale * median(times[c]):.1f}" if c in times else NOTHING for c in COLUMNS]
    if versus is None:
        return [title, unit, *cells, *[NOTHING] * 5, ""]
    off, on = (median(b / a for a, b in zip(times[c], times["peer"], strict=True)) for c in COLUMNS[:2])
    goal, verdict = NOTHING, ""
    for wanted, ratio, journal in ((versus.off, off, "off"), (versus.on, on, "on")):
        if wanted:
            goal, verdict = f"{wanted:g} ({journal})", "met" if ratio >= wanted else "not met"
    peer = f"{scale * median(times['peer']):.1f}"
    return [title, unit, *cells, versus.title, peer, f"{off:.3g}", f"{on:.3g}", goal, verdict]


def table(rows: Sequence[Sequence[str]]) -> str:
    """Words to the left, numbers to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    words = {HEADS.index(head) for head in ("ours", "unit", "peer", "goal", "")}
    return "\n".join(
        "  ".join(
            f"{cell:<{w}}" if at in words else f"{cell:>{w}}"
            for at, (cell, w) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in rows
    )


def one_round(names: Sequence[str], versus: Sequence[Versus], peers: Path, found: dict[object, Times]) -> None:
    """Measure everything once, into `found`: each algorithm, then each peer right after ours."""

    def note(key: object, column: str, python: Path | str, side: str, what: str) -> None:
        found.setdefault(key, {}).setdefault(column, []).append(measured(python, side, what))

    for name in names:
        for column in COLUMNS:
            note(name, column, sys.executable, "ours", f"{name}/{column}")
    for peer in versus:
        for column in COLUMNS[:2]:
            note(peer, column, sys.executable, "ours", f"mcts@{peer.iterations}/{column}")
        note(peer, "peer", peers if peer.package else sys.executable, peer.side, str(peer.iterations))


def lines(found: dict[object, Times]) -> Iterator[list[str]]:
    yield list(HEADS)
    for key, times in found.items():
        if isinstance(key, Versus):
            yield row(f"mcts, {key.iterations:,} iterations", key.unit, times, key)
        else:
            yield row(str(key), "node", times)


def chosen(only: Sequence[str] | None, names: list[str], versus: list[Versus]) -> tuple[list[str], list[Versus]]:
    """The algorithms and peers that were asked for: all, or some by name."""
    if not only:
        return names, versus
    known = [*names, *dict.fromkeys(v.side for v in VERSUS)]
    if unknown := sorted(set(only) - set(known)):
        sys.exit(f"there is no {' and no '.join(unknown)} to measure; expected some of {', '.join(known)}")
    return [name for name in names if name in only], [v for v in versus if v.side in only]


def report(asked: argparse.Namespace) -> None:
    from search_ours import TIMED

    from forethought.search.registry import ALGORITHMS

    peers = asked.peer_python or PEERS
    if asked.peer_python and not peers.exists():
        sys.exit(f"there is no Python at {peers}; run `make bench-venv` first, and leave --peer-python out")
    versions = {v.package: version(peers, v.package) for v in VERSUS if v.package}
    versus = [v for v in VERSUS if (asked.long or not v.long) and (not v.package or versions[v.package])]
    names, versus = chosen(asked.only, list(TIMED), versus)
    load, found = os.getloadavg()[0], dict[object, Times]()
    for _ in range(asked.pairs):
        one_round(names, versus, peers, found)
    print(f"microseconds with the journal off or on, 1 search or 64 at once; medians of {asked.pairs} rounds")
    print("/ off, / on: the peer's by ours, of 1 search; the goals are for these")
    print(table(list(lines(found))))
    for package, installed in versions.items():
        missing = f"{package}: not measured, as {peers} lacks it; run `make bench-venv`"
        print(f"{package} {installed}" if installed else missing)
    for name in sorted(ALGORITHMS.keys() - TIMED.keys()):
        print(f"{name}: not measured; give it an entry in TIMED of search_ours.py")
    cores, python = os.cpu_count(), sys.version.split()[0]
    print(f"load average {load:.1f} before, {os.getloadavg()[0]:.1f} after, {cores} cores; Python {python}")


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--pairs", type=int, default=7, help="rounds of measurements")
    options.add_argument("--long", action="store_true", help="peers in larger trees too")
    options.add_argument("--only", nargs="+", help="algorithms and sides, such as mcts, inplace, trace")
    options.add_argument("--peer-python", type=Path, help="default: that of .bench-venv")
    options.add_argument("--side", help=argparse.SUPPRESS)
    options.add_argument("--what", help=argparse.SUPPRESS)
    asked = options.parse_args()
    if asked.side == "ours":
        from search_ours import microseconds

        print(json.dumps(microseconds(asked.what)))
    elif asked.side:
        from search_peers import microseconds as theirs

        print(json.dumps(theirs(asked.side, int(asked.what))))
    else:
        report(asked)


if __name__ == "__main__":
    main()
