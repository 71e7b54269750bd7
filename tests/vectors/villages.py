"""Whole exchanges: batches as phones send them, answers, and the village afterwards."""

from collections.abc import Callable
from dataclasses import dataclass, field

from sync.permission import Role
from sync.types import Json, Lane
from tests.builders import (
    CHILD,
    DESA,
    FAMILY,
    NO_KK,
    OTHER_FAMILY,
    OTHER_PERSON,
    STRANGER,
    Raw,
    a_death,
    a_family,
    a_measurement,
    a_move,
    a_person,
    a_persons_edit,
    a_twin,
    an_edit,
    an_end,
    elements,
)
from tests.village import Phone, Village


@dataclass
class Recorder:
    """Plays a case and writes down what was sent and answered."""

    village: Village = field(default_factory=Village)
    pushes: list[Json] = field(default_factory=list)

    def phone(self, name: str, *rts: str) -> Phone:
        return self.village.phone(name, rts=rts)

    def push(self, phone: Phone) -> None:
        """Send what the phone has captured."""
        sent, phone.outbox = phone.outbox, []
        synced_at = phone.synced_at
        received = self.village.now
        answer = phone.send(*sent)
        results: list[Json] = [{"seq": seq, **entry} for seq, entry in answer.plan.results]
        rts = phone.area.rts
        self.pushes.append(
            {
                "lane": phone.name,
                "role": str(phone.role) if phone.role is not None else None,
                "rt": None if rts is None else list[Json](sorted(rts)),
                "received_at": received.isoformat(),
                "last_sync": synced_at.isoformat(),
                "clock": {"boot": phone.boot, "mono": phone.mono},
                "ops": list[Json](sent),
                "results": results,
                "acked": answer.plan.acked,
                "at": answer.plan.head,
            }
        )

    def written(self, name: str) -> dict[str, Json]:
        records: dict[str, Json] = {
            record.id: {
                "entity": record.entity,
                "seq": record.seq,
                "rt": record.rt,
                "parent": record.parent,
                "doc": dict(record.fields),
                "end": record.end["end"] if record.end else None,
                "alias": record.alias,
                "review": list[Json](record.review),
            }
            for record in sorted(self.village.records.values(), key=lambda record: record.seq)
        }
        conflicts: list[Json] = [
            {
                "record": conflict.record,
                "twin": conflict.twin,
                "group": conflict.group,
                "kind": str(conflict.kind),
                "state": str(conflict.state),
                "candidates": [
                    {"group": group, "value": value, "lane": stamp.lane, "seq": stamp.lane_seq}
                    for group, value, stamp in conflict.candidates
                ],
            }
            for conflict in self.village.conflicts.values()
        ]
        return {
            "name": name,
            "desa": DESA,
            "pushes": self.pushes,
            "records": records,
            "conflicts": conflicts,
        }


Play = Callable[[Recorder], None]


def _two_phones(play: Recorder) -> tuple[Phone, Phone]:
    """Both hold the family that the first of them registered."""
    first, second = play.phone("A"), play.phone("B")
    first.capture(a_family(nama_kepala_keluarga="Budi", luas_lantai=30, program=["pkh"]))
    first.capture(a_person(nama="Siti"))
    play.push(first)
    first.pull(), second.pull()
    return first, second


def _different_groups(play: Recorder) -> None:
    first, second = _two_phones(play)
    play.push(first.capture(an_edit(jenis_atap_terluas="seng")))
    play.push(second.capture(an_edit(jenis_lantai_terluas="tanah")))


def _same_group(play: Recorder) -> None:
    first, second = _two_phones(play)
    play.push(first.capture(an_edit(nama_kepala_keluarga="Budi Santoso")))
    play.push(second.capture(an_edit(nama_kepala_keluarga="Boedi")))


def _later_day(play: Recorder) -> None:
    first, second = _two_phones(play)
    play.push(first.capture(an_edit(luas_lantai=36), day="2026-11-18"))
    play.push(second.capture(an_edit(luas_lantai=48), day="2026-11-19"))


def _sets(play: Recorder) -> None:
    first, second = _two_phones(play)
    play.push(first.capture(elements(add=["pkh", "bpnt"])))
    play.push(second.capture(elements(remove=["pkh"], add=["bst"])))


def _whole_group(play: Recorder) -> None:
    first, _ = _two_phones(play)
    play.push(first.capture(an_edit(rt="003", rw="001", dusun="Dusun II")))


def _quarantine(play: Recorder) -> None:
    first, _ = _two_phones(play)
    first.capture(an_edit(atap2="seng"), an_edit(luas_lantai="besar"), an_edit(STRANGER, dusun="X"))
    first.capture(a_family(OTHER_FAMILY, unknown=1), a_person(OTHER_PERSON, family=OTHER_FAMILY))
    play.push(first.capture(an_edit(luas_lantai=40)))


def _duplicates(play: Recorder) -> None:
    first, _ = _two_phones(play)
    first.capture(an_edit(luas_lantai=36))
    kept = list(first.outbox)
    play.push(first)
    first.outbox = kept
    play.push(first)


def _after_end(play: Recorder) -> None:
    first, second = _two_phones(play)
    play.push(first.capture(a_death()))
    play.push(second.capture(a_persons_edit(pekerjaan="petani_pekebun")))


def _double_tap(play: Recorder) -> None:
    first, _ = _two_phones(play)
    play.push(first.capture(a_twin(OTHER_PERSON, nama="Ani"), a_twin(CHILD, nama="Ani")))
    midwife = play.village.phone("M", role=Role.BIDAN).pull()
    play.push(midwife.capture(a_measurement(person=CHILD, tanggal="2026-11-18", berat_kg=9.5)))


def _moving(play: Recorder) -> None:
    first, _ = _two_phones(play)
    first.capture(a_family(OTHER_FAMILY, rt="004"), a_move(to=OTHER_FAMILY))
    play.push(first)


def _edit_before_the_end(play: Recorder) -> None:
    first, second = _two_phones(play)
    play.push(second.capture(an_edit(luas_lantai=40)))
    play.push(first.capture(an_end()))


def _one_card(play: Recorder) -> None:
    first, second = _two_phones(play)
    play.push(first.capture(an_edit(no_kk=NO_KK)))
    play.push(second.capture(a_family(OTHER_FAMILY, rt="004", no_kk=NO_KK)))
    play.push(second.capture(an_edit(OTHER_FAMILY, no_kk=None)))


def _decided(play: Recorder) -> None:
    first, second = _two_phones(play)
    late = play.phone("C").pull()
    play.push(first.capture(an_edit(nama_kepala_keluarga="Budi Santoso")))
    play.push(second.capture(an_edit(nama_kepala_keluarga="Boedi")))
    question, reviewer = play.village.question, play.village.office("reviewer")
    decision: Raw = {
        "conflict": question.id,
        "version": question.version,
        "choice": "candidate",
        "reason": "asked at the door",
    }
    raw: Raw = {"kind": "resolve", "entity": "keluarga", "id": FAMILY, "resolve": decision}
    play.push(reviewer.capture(raw))
    play.push(late.capture(an_edit(nama_kepala_keluarga="Budi Santoso")))
    play.push(late.capture(an_edit(nama_kepala_keluarga="Bodi")))


def _new_lane(play: Recorder) -> None:
    first, _ = _two_phones(play)
    first.capture(an_edit(luas_lantai=36))
    kept = list(first.outbox)
    play.push(first)
    play.village.lanes["A2"] = Lane("A2", DESA, 0, known={"A": 2})
    again = play.phone("A2").pull()
    again.device = "A"
    again.outbox = [{**raw, "seq": place} for place, raw in enumerate(kept, 1)]
    play.push(again)


PLAYS: dict[str, Play] = {
    "two phones change different groups and both survive": _different_groups,
    "two phones change a name and a person is asked": _same_group,
    "the later day of a measurement wins": _later_day,
    "sets keep what either added": _sets,
    "a set that names one field of a group sets the whole group": _whole_group,
    "what cannot be merged is set aside and the lane moves on": _quarantine,
    "what comes again is answered with what was answered before": _duplicates,
    "an edit after a death is kept and asked about": _after_end,
    "one person entered twice becomes one": _double_tap,
    "a person who moves takes the RT of the new family": _moving,
    "an end that did not know an edit asks the same": _edit_before_the_end,
    "two families with one card are flagged until one is corrected": _one_card,
    "late edits after a decision are judged already or reopen it": _decided,
    "what is offered again under a new lane of the device is a duplicate": _new_lane,
}


def push_cases() -> list[dict[str, Json]]:
    """`{name, desa, pushes, records, conflicts}`; see the page beside the vectors."""
    cases: list[dict[str, Json]] = []
    for name, play in PLAYS.items():
        recorder = Recorder()
        play(recorder)
        cases.append(recorder.written(name))
    return cases
