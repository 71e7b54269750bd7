"""`lokus simulate`: phones, reviewers and a server under every fault, judged by their promises."""

import logging
from collections.abc import Iterator
from typing import Annotated

import structlog
import typer

from api.cli.office import say, say_json
from api.simulation.faults import parse_faults
from api.simulation.running import Report, Run, Task, simulation
from api.simulation.running import simulate as run_all
from api.simulation.world import BURST, Plan

BROKEN_SHOWN_MAX = 8
"""Sentences about one seed; what follows from the first break is seldom news."""
COLUMN = 26


def simulate(  # noqa: PLR0913, PLR0917 (the parameters of a command are its options)
    seed: Annotated[int, typer.Option(min=0, help="The first seed.")] = 1,
    seeds: Annotated[int, typer.Option(min=1, help="How many seeds, counting up.")] = 1,
    steps: Annotated[int, typer.Option(min=1, help="Steps of each seed.")] = 200,
    phones: Annotated[int, typer.Option(min=1, help="Phones, one person each.")] = 6,
    faults: Annotated[
        str, typer.Option(help="all, none, or names with commas between; a wrong one lists them.")
    ] = "all",
    burst: Annotated[
        int, typer.Option(min=1, help="Operations captured at once, at most.")
    ] = BURST,
    workers: Annotated[int, typer.Option(min=1, help="Processes that share the seeds.")] = 1,
    database_url: Annotated[
        str | None,
        typer.Option(help="A PostgreSQL to make databases on; SQLite in memory if absent."),
    ] = None,
    trace: Annotated[bool, typer.Option(help="Tell everything that happens in the first seed.")] = (
        False
    ),
    as_json: Annotated[bool, typer.Option("--json", help="Answer as JSON.")] = False,
) -> None:
    """Play whole districts in one process, from a seed, and check every promise of the protocol.

    The same seed and the same options replay the same run, byte for byte. Fails, with the line that
    replays it, if a promise was broken; and if one of the things that a run has to try never
    happened in any of its seeds.
    """
    plan = Plan(seed, steps, phones, parse_faults(faults), burst)
    # A million requests are no news, and a mistake of the server is reported with its seed.
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    if trace:
        with simulation(phones, database_url) as place:
            _tell_broken(place.run(plan, say))
        return
    task = Task(plan, range(seed, seed + seeds), database_url)
    report = run_all(task, workers, lambda run: None if as_json else _tell_broken(run))
    if as_json:
        say_json(_as_json(report))
    else:
        for line in _told(report):
            say(line)
    if not report.is_good:
        raise typer.Exit(1)


def _tell_broken(run: Run) -> None:
    if run.broken:
        say(f"seed {run.plan.seed} broke a promise at step {run.steps}:")
        for sentence in run.broken[:BROKEN_SHOWN_MAX]:
            say(f"  {sentence}")
        if len(run.broken) > BROKEN_SHOWN_MAX:
            say(f"  … and {len(run.broken) - BROKEN_SHOWN_MAX} more")
        say(f"  replay: {run.replay}")


def _told(report: Report) -> Iterator[str]:
    counted = [f"{name} {times}" for name, times in sorted(report.counts.items())]
    for start in range(0, len(counted), 3):
        yield "".join(one.ljust(COLUMN) for one in counted[start : start + 3]).rstrip()
    operations = report.counts["operations"]
    yield (
        f"{report.runs} seeds, {report.steps} steps, {operations} operations in "
        f"{report.seconds:.0f} s: {operations / report.seconds:.0f} operations/s"
    )
    if report.never:
        yield f"never happened: {', '.join(report.never)}; more seeds or steps may show them"
    if report.broken:
        yield f"{len(report.broken)} of {report.runs} seeds broke a promise"
    elif not report.never:
        yield "every promise was kept"


def _as_json(report: Report) -> dict[str, object]:
    return {
        "good": report.is_good,
        "seeds": report.runs,
        "steps": report.steps,
        "seconds": round(report.seconds, 1),
        "counters": dict(sorted(report.counts.items())),
        "never": report.never,
        "broken": [
            {"seed": run.plan.seed, "step": run.steps, "promises": run.broken, "replay": run.replay}
            for run in report.broken
        ],
    }
