"""Whatever phones, reviewers and the office do, in whichever order, the promises are kept.

Hypothesis picks what happens next in a village of the real service; a small model remembers what
was acknowledged. Every example has a village of its own, on both databases.
"""

from itertools import count
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from api.services.epochs import new_epoch
from api.services.verifying import verify
from sync.permission import Role
from tests.api.device import Device
from tests.api.village import Desk
from tests.api.world import OTHER_RT, RT, World, area, record_id, serving
from tests.breaking import Break, broken
from tests.end_to_end.handsets import Handset

EXAMPLES = 20
STEPS = 60
EPOCHS_MAX = 1
FAMILIES_MAX = 4
PEOPLE_MAX = 6
HANDSETS_MAX = 5

SCOPES: tuple[frozenset[str] | None, ...] = (
    frozenset({RT}),
    frozenset({RT, OTHER_RT}),
    frozenset({OTHER_RT}),
    None,
)
WHO = st.integers(0, HANDSETS_MAX - 1)
WHICH = st.integers(0, FAMILIES_MAX + PEOPLE_MAX - 1)
RTS = st.sampled_from([RT, OTHER_RT])
NAMES = st.sampled_from(["Contoh", "Contoh Satu", "Contoh Dua"])
NIKS = st.sampled_from(["1802210101900001", "1802210101900002"])
PROGRAMS = st.sampled_from(["pkh", "bpnt"])
PAGE_BYTES = st.sampled_from([1, 700, 32768])

BREAKS = [
    Break(
        "a page ends before the row that did not fit",
        "api.services.pulling:next_page",
        "rows[index - 1].seq",
        "row.seq",
        (),
    ),
    Break(
        "a phone is told what left its RTs",
        "sync.pull:delivery",
        "return Delivery.LEAVE",
        "return None",
        (),
    ),
]

_villages = count(2101)
_records = count(1)


class VillageMachine(RuleBasedStateMachine):
    """One village: what people capture, what lines and servers do to it, what reviewers decide."""

    def __init__(self, world: World) -> None:
        super().__init__()
        self.world = world
        self.desa = f"180221{next(_villages)}"
        world.add_village(self.desa)
        self.epochs = 0
        self.handsets: list[Handset] = []
        self.desk = Desk(self._device("sari", Role.SUPERVISOR, None))

    def _device(self, name: str, role: Role, rts: frozenset[str] | None) -> Device:
        return self.world.device(f"{name}{self.desa}", role, [area(self.desa, *(rts or ()))])

    @initialize()
    def people_come(self) -> None:
        for name, rts in zip(("ani", "budi", "citra"), SCOPES[:2] + SCOPES[3:], strict=True):
            role = Role.OPERATOR_DESA if rts is None else Role.PETUGAS
            device = self._device(name, role, rts)
            device.manifest()
            self.handsets.append(Handset(self.world, device, self.world.epoch, rts))
        self.create(0, RT)
        for handset in self.handsets:
            handset.finish()

    # What people capture ------------------------------------------------------------------

    @rule(who=WHO, rt=RTS)
    def create(self, who: int, rt: str) -> None:
        handset = self._handset(who)
        if len(handset.known("keluarga")) < FAMILIES_MAX:
            number, rw = rt.split("/")
            handset.capture(handset.device.create(_new_id(), rt=number, rw=rw))

    @rule(who=WHO, which=WHICH, nik=NIKS)
    def add_member(self, who: int, which: int, nik: str) -> None:
        handset, home = self._known(who, which, "keluarga")
        if home and len(handset.known("anggota")) < PEOPLE_MAX:
            born = {"tanggal_lahir": "1990-01-01", "jenis_kelamin": "laki_laki"}
            handset.capture(handset.device.add_member(_new_id(), home, nik=nik, **born))

    @rule(who=WHO, which=WHICH, name=NAMES)
    def rename(self, who: int, which: int, name: str) -> None:
        self._edit(who, which, set={"nama_kepala_keluarga": name})

    @rule(who=WHO, which=WHICH, size=st.integers(20, 22))
    def measure(self, who: int, which: int, size: int) -> None:
        self._edit(who, which, set={"luas_lantai": size})

    @rule(who=WHO, which=WHICH, element=PROGRAMS, verb=st.sampled_from(["add", "remove"]))
    def change_set(self, who: int, which: int, element: str, verb: str) -> None:
        self._edit(who, which, **{verb: {"program": [element]}})

    @rule(who=WHO, which=WHICH, rt=RTS)
    def move_family(self, who: int, which: int, rt: str) -> None:
        number, rw = rt.split("/")
        self._edit(who, which, set={"rt": number, "rw": rw})

    @rule(who=WHO, which=WHICH)
    def misspell(self, who: int, which: int) -> None:
        self._edit(who, which, set={"atap2": "seng"})

    @rule(who=WHO, which=WHICH, home=WHICH)
    def move_person(self, who: int, which: int, home: int) -> None:
        handset, person = self._known(who, which, "anggota")
        _, parent = self._known(who, home, "keluarga")
        if person and parent:
            told = {"base": handset.base(person), "parent": parent}
            handset.capture(handset.device.op("move", "anggota", person, **told))

    @rule(
        who=WHO,
        which=WHICH,
        entity=st.sampled_from(["keluarga", "anggota"]),
        why=st.sampled_from(["meninggal", "pindah", "salah"]),
    )
    def end(self, who: int, which: int, entity: str, why: str) -> None:
        handset, record = self._known(who, which, entity)
        if record:
            told = {"base": handset.base(record), "end": why, "date": "2026-11-02"}
            handset.capture(handset.device.op("end", entity, record, **told))

    # What lines and phones do -------------------------------------------------------------

    @rule(who=WHO, operations=st.sampled_from([1, 3, 500]), bytes_max=PAGE_BYTES)
    def sync(self, who: int, operations: int, bytes_max: int) -> None:
        self._handset(who).sync(operations, max_bytes=bytes_max)

    @rule()
    def everybody_syncs(self) -> None:
        for handset in self.handsets:
            handset.finish()

    @rule(who=WHO, operations=st.sampled_from([1, 3, 500]))
    def sync_and_lose_the_answer(self, who: int, operations: int) -> None:
        self._handset(who).sync(operations, loses_answer=True)

    @rule(who=WHO, bytes_max=PAGE_BYTES)
    def pull_a_page(self, who: int, bytes_max: int) -> None:
        self._handset(who).pull(max_bytes=bytes_max)

    @rule(who=WHO, repeats=st.integers(0, 3))
    def open_a_lane(self, who: int, repeats: int) -> None:
        self._handset(who).fork(repeats)

    @precondition(lambda self: len(self.handsets) < HANDSETS_MAX)
    @rule(who=WHO)
    def second_phone(self, who: int) -> None:
        first = self._handset(who)
        device = self.world.phone_of(first.device.account)
        device.manifest()
        self.handsets.append(Handset(self.world, device, self.world.epoch, first.rts))

    # What the office does -----------------------------------------------------------------

    @rule(who=WHO, rts=st.sampled_from(SCOPES))
    def assign(self, who: int, rts: frozenset[str] | None) -> None:
        account = self._handset(who).device.account
        self.world.assign(account, [area(self.desa, *(rts or ()))])
        for handset in self.handsets:
            if handset.device.account == account:
                handset.rts = rts

    @precondition(lambda self: self.epochs < EPOCHS_MAX)
    @rule()
    def begin_an_epoch(self) -> None:
        with self.world.database.writing() as session:
            new_epoch(session, self.world.act())
        self.epochs += 1

    @precondition(lambda self: self._has("conflict", "open"))
    @rule(which=WHICH, choice=st.sampled_from(["current", "candidate"]))
    def resolve(self, which: int, choice: str) -> None:
        if listed := self.desk.conflicts():
            page = self.desk.read(f"/v1/conflicts/{listed[which % len(listed)]['id']}")
            dots = [{key: one[key] for key in ("lane", "lane_seq")} for one in page["candidates"]]
            chosen = {"candidate": dots[0]} if dots and choice == "candidate" else {}
            self._decided(self.desk.resolve(page, choice, **chosen).status)

    @precondition(lambda self: self._has("conflict", "resolved"))
    @rule(which=WHICH)
    def undo(self, which: int) -> None:
        if listed := self.desk.conflicts(state="resolved"):
            self._decided(self.desk.undo(listed[which % len(listed)]["id"]).status)

    @precondition(lambda self: self._has("quarantine", "waiting"))
    @rule(which=WHICH, verb=st.sampled_from(["release", "reject"]))
    def judge_quarantine(self, which: int, verb: str) -> None:
        if listed := self.desk.waiting():
            entry = listed[which % len(listed)]["id"]
            body = {"reason": "salah ketik"} if verb == "reject" else {}
            self._decided(self.desk.post(f"/v1/quarantine/{entry}/{verb}", body).status)

    # What has to be true ------------------------------------------------------------------

    @invariant()
    def the_log_keeps_its_promises(self) -> None:
        """I1, I2 and I6."""
        log = self.world.ask(
            "SELECT lane, seq, lineage, hash, outcome FROM operation "
            f"WHERE desa = '{self.desa}' ORDER BY lane, seq"
        )
        took = [(owner, digest) for _, _, owner, digest, outcome in log if outcome != "duplicate"]
        assert len(took) == len(set(took))
        acked = {(one.device.id, digest) for one in self.handsets for digest in one.outcomes}
        assert acked <= set(took)
        lanes: dict[str, list[int]] = {}
        for lane, seq, *_ in log:
            lanes.setdefault(lane, []).append(seq)
        for held in lanes.values():
            assert held == list(range(1, len(held) + 1))

    def teardown(self) -> None:
        for handset in self.handsets:
            handset.finish()
        for handset in self.handsets:
            handset.finish()
        for handset in self.handsets:
            handset.agree()
        self.the_log_keeps_its_promises()
        report = verify(self.world.database, self.world.settings.secret)
        assert report.is_sound, report.damage[:5]

    # Who and what -------------------------------------------------------------------------

    def _handset(self, who: int) -> Handset:
        return self.handsets[who % len(self.handsets)]

    def _known(self, who: int, which: int, entity: str) -> tuple[Handset, str | None]:
        handset = self._handset(who)
        known = handset.known(entity)
        return handset, known[which % len(known)] if known else None

    def _has(self, table: str, state: str) -> bool:
        where = f"desa = '{self.desa}' AND state = '{state}'"
        return self.world.ask(f"SELECT count(*) FROM {table} WHERE {where}") != [(0,)]

    def _edit(self, who: int, which: int, **change: object) -> None:
        handset, home = self._known(who, which, "keluarga")
        if home:
            told = {"base": handset.base(home), **change}
            handset.capture(handset.device.op("set", "keluarga", home, **told))

    @staticmethod
    def _decided(status: int) -> None:
        # What another decision has overtaken is refused; nothing ever breaks.
        assert status in {200, 409, 412, 422}, status


def _new_id() -> str:
    return record_id(next(_records))


def play(world: World, *, shrinks: bool = True) -> None:
    """Let Hypothesis play; every run plays the same."""
    run_state_machine_as_test(
        lambda: VillageMachine(world),  # type: ignore[arg-type]  # whatever makes a machine will do
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=STEPS,
            derandomize=True,
            database=None,
            phases=[Phase.generate, Phase.shrink] if shrinks else [Phase.generate],
            report_multiple_bugs=False,
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_every_promise_is_kept_in_every_order(world: World) -> None:
    play(world)
    met = {outcome for (outcome,) in world.ask("SELECT DISTINCT outcome FROM operation")}
    assert met >= {"applied", "no-op", "duplicate", "conflict", "quarantined"}
    states = {state for (state,) in world.ask("SELECT DISTINCT state FROM conflict")}
    assert states >= {"open", "resolved", "withdrawn"}
    assert world.ask("SELECT count(*) FROM quarantine WHERE state = 'rejected'") != [(0,)]


@pytest.mark.parametrize("one", BREAKS, ids=lambda one: one.rule)
def test_a_broken_promise_is_noticed(sqlite_url: str, tmp_path: Path, one: Break) -> None:
    with (
        serving(sqlite_url, tmp_path / "data") as world,
        broken(one),
        pytest.raises(AssertionError),
    ):
        play(world, shrinks=False)
