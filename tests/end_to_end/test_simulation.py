"""Two hundred districts, two hundred steps each, and proof that the judges can find a culprit."""

import json
import logging
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import structlog
import typer
from lokus_client import outbox
from sqlalchemy import true
from typer.testing import CliRunner

from api.cli.simulate import simulate as simulate_command
from api.services import epochs, pulling, pushing, syncing
from api.simulation import office, running
from api.simulation.faults import ALL, Fault, demanded, faults_text, parse_faults
from api.simulation.running import Run, Simulation, Task, simulate, simulation
from api.simulation.world import Plan, World
from models.database import Database
from models.queries import batches
from models.queries import pulling as pulling_queries
from models.queries.operations import Brought, logged_rows
from models.queries.pulling import FeedRow
from models.sealing import Vault
from sync import knowledge
from sync.permitting import Gate
from sync.pull import Delivery, delivery
from sync.push import Settled
from sync.step import Step
from sync.types import Refusal
from sync.workspace import Draft

PHONES = 6
SEEDS_PER_CHUNK = 10
CHUNKS = 20
STEPS = 200
ENGINE = {"sync", "models", "migrations", "lokus_client"}
BREAK_SEEDS = 12
"""So many districts a deliberate break may go unnoticed in before its test fails."""


@pytest.fixture(autouse=True)
def _quiet_log() -> Iterator[None]:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    yield
    structlog.reset_defaults()


@pytest.fixture
def place() -> Iterator[Simulation]:
    with simulation(PHONES) as made:
        yield made


@pytest.mark.parametrize("part", ["model", "evidence"])
def test_the_judge_is_short_and_knows_nothing_of_the_engine(part: str) -> None:
    lines = (Path(running.__file__).parent / f"{part}.py").read_text().splitlines()
    assert len(lines) <= 200
    imports = [line for line in lines if line.startswith(("import ", "from "))]
    assert not [line for line in imports if line.split()[1].partition(".")[0] in ENGINE]


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_every_promise_is_kept(chunk: int, tmp_path_factory: pytest.TempPathFactory) -> None:
    first = 1 + chunk * SEEDS_PER_CHUNK
    plan = Plan(first, STEPS, PHONES, ALL)
    report = simulate(Task(plan, range(first, first + SEEDS_PER_CHUNK)))
    assert [(run.broken, run.replay) for run in report.broken] == []
    # The workers of one run share the folder above their own.
    folder = tmp_path_factory.getbasetemp().parent / "simulated"
    folder.mkdir(exist_ok=True)
    (folder / f"{chunk}.json").write_text(json.dumps(dict(report.counts)))
    counted = [json.loads(path.read_text()) for path in folder.glob("*.json")]
    if len(counted) == CHUNKS:
        total: Counter[str] = Counter()
        for counts in counted:
            total.update(counts)
        assert [name for name in sorted(demanded(ALL)) if not total[name]] == []


def test_the_promises_hold_on_postgresql(postgres_url: str) -> None:
    plan = Plan(1, 60, PHONES, ALL)
    report = simulate(Task(plan, (1, 2, 3), postgres_url))
    assert [(run.broken, run.replay) for run in report.broken] == []


def test_a_seed_replays_byte_for_byte(place: Simulation) -> None:
    plan = Plan(3, 80, PHONES, ALL)
    place.run(Plan(4, 20, PHONES, ALL))
    assert place.run(plan).digest == place.run(plan).digest


def test_a_seed_replays_in_another_process_whose_sets_have_another_order(place: Simulation) -> None:
    told = [_digest_elsewhere(hash_seed) for hash_seed in ("1", "2")]
    assert told == [place.run(Plan(5, 40, PHONES, ALL)).digest] * 2


def _digest_elsewhere(hash_seed: str) -> str:
    script = (
        "import structlog; structlog.configure("
        "wrapper_class=structlog.make_filtering_bound_logger(50));"
        "from api.simulation.faults import ALL;"
        "from api.simulation.running import simulation;"
        "from api.simulation.world import Plan\n"
        f"with simulation({PHONES}) as place: print(place.run(Plan(5, 40, {PHONES}, ALL)).digest)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={"PYTHONHASHSEED": hash_seed, "PATH": ""},
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


def test_a_field_that_a_new_record_leaves_out_is_no_statement(
    place: Simulation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever fills it first contradicts nobody, even if they never saw it empty."""
    worlds: list[World] = []
    monkeypatch.setattr(running, "judge", lambda world, _: worlds.append(world))
    place.run(Plan(1, 20, PHONES, parse_faults("none")))
    stated = {one.value for world in worlds for one in world.history.statements}
    assert len(stated) > PHONES
    assert "" not in stated


def test_other_seeds_are_other_runs(place: Simulation) -> None:
    runs = [place.run(Plan(seed, 20, PHONES, ALL)) for seed in (1, 2)]
    assert runs[0].digest != runs[1].digest


def test_a_run_with_fewer_steps_is_the_beginning_of_one_with_more(place: Simulation) -> None:
    short: list[str] = []
    long: list[str] = []
    place.run(Plan(6, 10, PHONES, ALL), short.append)
    place.run(Plan(6, 25, PHONES, ALL), long.append)
    end = next(index for index, event in enumerate(short) if "the wires are good" in event)
    assert short[:end] == long[:end]


def test_a_replay_line_names_everything_that_the_run_depends_on() -> None:
    plan = Plan(7, 300, 9, frozenset({Fault.CLONES, Fault.RESTORES}), burst=30)
    run = Run(plan, 41, ("I1 …",), {}, "")
    assert run.replay == (
        "lokus simulate --seed 7 --steps 41 --phones 9 --faults clones,restores --burst 30"
    )


def test_faults_are_read_as_they_are_written() -> None:
    assert parse_faults("all") == ALL
    assert parse_faults("none") == frozenset()
    assert parse_faults(faults_text({Fault.CLONES, Fault.BUSY})) == {Fault.CLONES, Fault.BUSY}
    with pytest.raises(ValueError, match="known are all, none, busy"):
        parse_faults("clones,earthquakes")


# The command -----------------------------------------------------------------------------------


def _command() -> typer.Typer:
    app = typer.Typer()
    app.command()(simulate_command)
    return app


def test_the_command_fails_where_something_never_happened() -> None:
    result = CliRunner().invoke(_command(), ["--steps", "3", "--faults", "none"])
    assert result.exit_code == 1
    assert "never happened: aliases, already-judged" in result.output


def test_the_command_prints_the_line_that_replays_a_broken_promise(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _forget_what_is_acknowledged(monkeypatch)
    arguments = ["--seed", "2", "--steps", "30", "--faults", "none", "--json"]
    result = CliRunner().invoke(_command(), arguments)
    assert result.exit_code == 1
    (broken,) = json.loads(result.output)["broken"]
    assert broken["replay"].startswith(
        "lokus simulate --seed 2 --steps 30 --phones 6 --faults none"
    )
    assert any(promise.startswith("I1") for promise in broken["promises"])


# Deliberate breaks -----------------------------------------------------------------------------

Break = Callable[[pytest.MonkeyPatch], None]


def _forget_what_is_acknowledged(patch: pytest.MonkeyPatch) -> None:
    """The server acknowledges a batch and keeps all of it but the last operation."""

    def forgetful(vault: Vault, brought: Brought, settled: Sequence[Settled]) -> object:
        return logged_rows(vault, brought, settled[:-1])

    patch.setattr(batches, "logged_rows", forgetful)


def _keep_nothing_for_a_restored_server(patch: pytest.MonkeyPatch) -> None:
    """The phone does not offer again what was acknowledged."""
    patch.setattr(outbox, "offer_again", lambda *_, **__: 0)


def _apply_duplicates_again(patch: pytest.MonkeyPatch) -> None:
    """A repetition under another incarnation is taken for something new."""
    furnish = office.furnish

    def without_index(database: Database, *rest: object) -> None:
        furnish(database, *rest)  # type: ignore[arg-type]  # as they came
        with database.writing() as session:
            session.connection().exec_driver_sql("DROP INDEX operation_once")

    patch.setattr(running, "furnish", without_index)
    patch.setattr(pushing, "_lineage", lambda *_: {})


def _skip_a_row(patch: pytest.MonkeyPatch) -> None:
    """A page leaves out a row in seven."""
    changed = pulling_queries.changed_rows

    def gappy(*arguments: object) -> list[FeedRow]:
        return [row for row in changed(*arguments) if row.seq % 7]  # type: ignore[arg-type]

    patch.setattr(pulling_queries, "changed_rows", gappy)


def _never_say_farewell(patch: pytest.MonkeyPatch) -> None:
    """Rows that leave an RT stay on the phones that held them."""

    def silent(*arguments: object) -> Delivery | None:
        told = delivery(*arguments)  # type: ignore[arg-type]  # as they came
        return None if told is Delivery.LEAVE else told

    patch.setattr(pulling, "delivery", silent)


def _forget_what_is_ones_own(patch: pytest.MonkeyPatch) -> None:
    """Without the own-dot rule a phone's second edit disputes its first."""
    patch.setattr(knowledge, "_knows_author", lambda *_: False)


def _know_everything(patch: pytest.MonkeyPatch) -> None:
    """Every statement counts as known, so the last one wins."""
    for module in ("merge", "release", "step"):
        patch.setattr(f"sync.{module}.knows", lambda *_: True)


def _count_from_the_same_number_again(patch: pytest.MonkeyPatch) -> None:
    """Two restores of one backup give out the same numbers twice."""
    patch.setattr(epochs, "_microseconds", lambda _: 0)


def _show_everything(patch: pytest.MonkeyPatch) -> None:
    """The area filter is gone from the queries."""
    patch.setattr(pulling_queries, "_in_scope", lambda *_: true())


def _fail_on_strange_fields(patch: pytest.MonkeyPatch) -> None:
    """One bad operation makes the server fail, and its lane waits for ever."""
    read = syncing.push_and_pull

    def strict(*arguments: Any) -> object:  # noqa: ANN401 (passes them on)
        if any(one.named and "atap2" in one.body for one in arguments[-1]):
            raise RuntimeError("a field that nobody knows")
        return read(*arguments)

    patch.setattr("api.routes.syncing.push_and_pull", strict)


def _never_agree(patch: pytest.MonkeyPatch) -> None:
    """The server finds every digest wrong, and the phones mend what is whole."""
    patch.setattr(syncing, "agreement", lambda *_: False)


def _tell_strangers_apart(patch: pytest.MonkeyPatch) -> None:
    """What exists elsewhere gets other words than what exists nowhere."""
    refuse = Gate.refuse_change

    def candid(gate: Gate, step: Step, draft: Draft | None) -> Refusal | None:
        refusal = refuse(gate, step, draft)
        if refusal is None or draft is None:
            return refusal
        return replace(refusal, detail="that is none of yours")

    patch.setattr(Gate, "refuse_change", candid)


@pytest.mark.parametrize(
    ("break_it", "invariant", "faults", "first"),
    [
        (_forget_what_is_acknowledged, "I1", "none", 2),
        (_keep_nothing_for_a_restored_server, "I1", "restores", 1),
        (_apply_duplicates_again, "I2", "clones,lost-answers,restores", 2),
        (_skip_a_row, "I7", "none", 1),
        (_never_say_farewell, "I7", "scopes", 1),
        (_forget_what_is_ones_own, "I4", "none", 1),
        (_know_everything, "I4", "none", 2),
        (_count_from_the_same_number_again, "I4", "restores", 8),
        (_show_everything, "I5", "none", 1),
        (_tell_strangers_apart, "I5", "none", 4),
        (_forget_what_is_acknowledged, "I6", "none", 2),
        (_fail_on_strange_fields, "I8", "malformed", 2),
        (_never_agree, "I9", "none", 1),
    ],
    ids=lambda value: value.__name__.strip("_") if callable(value) else None,
)
def test_a_deliberate_break_is_named(
    break_it: Break, invariant: str, faults: str, first: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``first``: a seed that is known to see it, so that the test need not search from one on."""
    break_it(monkeypatch)
    broken: list[str] = []
    with simulation(PHONES) as place:
        for seed in range(first, first + BREAK_SEEDS):
            broken += place.run(Plan(seed, 160, PHONES, parse_faults(faults))).broken
            if any(sentence.startswith(invariant) for sentence in broken):
                return
    pytest.fail(f"nobody noticed; found only {sorted({one[:2] for one in broken})}")
