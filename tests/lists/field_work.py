"""A village's field work, played by the real client against a running server.

    lokus enrol petugas.003 --json > codes.jsonl
    python -m tests.lists.field_work codes.jsonl --stores phones/

Every code becomes a phone with a store of its own. Each collector goes from house to house without
a link, and syncs at the end. Where two phones hold the same families they disagree about one of
them, as neighbours do. The same seed and the same list give the same field work.
"""

import argparse
import json
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from random import Random
from typing import Final

from lokus_client.errors import InvalidEdit
from lokus_client.overlay import RecordView
from lokus_client.phone import Phone
from lokus_client.values import JsonObject

FLOORS: Final = ("keramik", "semen_bata_merah", "kayu_papan", "tanah")
OUTCOMES: Final = (
    ("ditemukan", 88),
    ("pindah", 4),
    ("tidak_tahu", 3),
    ("menolak", 3),
    ("mampu", 2),
)
PROPOSED_PER_PHONE: Final = 1
WITHOUT_NUMBER: Final = "belum punya KTP"
ABSENT: Final = "dokumen hilang"


@dataclass
class Done:
    """What was captured, over all phones."""

    phones: int = 0
    visited: int = 0
    outcomes: dict[str, int] = field(default_factory=dict)
    deaths: int = 0
    proposed: int = 0
    reasons: int = 0
    """NIK or No KK that are missing or malformed, and why."""
    disagreed: int = 0
    accepted: int = 0
    """Operations that the server has taken."""

    def note(self, outcome: str) -> None:
        self.visited += 1
        self.outcomes[outcome] = self.outcomes.get(outcome, 0) + 1


@dataclass(frozen=True)
class Handheld:
    """A phone, whose it is, and the chance that decides what it meets."""

    phone: Phone
    account: str
    random: Random


def play(
    codes: Sequence[tuple[str, str]], stores: Path, *, seed: int = 1, today: date | None = None
) -> Done:
    """Enrol a phone for each (account, code or link), do the field work, and sync."""
    day = (today or date.today()).isoformat()  # noqa: DTZ011  # a phone's own calendar
    done = Done(phones=len(codes))
    held = [_enrolled(account, code, stores, seed) for account, code in codes]
    seen: dict[str, str] = {}
    try:
        for handheld in held:
            _go_round(handheld, seen, day, done)
        for handheld in held:
            report = handheld.phone.sync()
            if report.code != "ok":
                raise RuntimeError(f"{handheld.account}: {report.code}")
            done.accepted += report.acked
    finally:
        for handheld in held:
            handheld.phone.close()
    return done


def _enrolled(account: str, code: str, stores: Path, seed: int) -> Handheld:
    stores.mkdir(parents=True, exist_ok=True)
    phone = Phone(stores / f"{account}.db", survives_power_loss=False)
    phone.enrol(code, name=f"HP {account}", platform="field work")
    phone.sync()
    return Handheld(phone, account, Random(f"{seed}/{account}"))


def _go_round(handheld: Handheld, seen: dict[str, str], day: str, done: Done) -> None:
    """Visit every open family; those that another phone has visited are only disputed."""
    families = [one for one in handheld.phone.records(entity="keluarga") if one.ended is None]
    shared = [one for one in families if one.id in seen]
    found = next((one for one in shared if seen[one.id] == "ditemukan"), None)
    if found is not None:
        _disagree(handheld, found, day, done)
    for family in families:
        if family.id not in seen:
            seen[family.id] = _visit(handheld, family, day, done)
    if families and not shared:
        for number in range(PROPOSED_PER_PHONE):
            _propose(handheld, families[0], number, day, done)


def _visit(handheld: Handheld, family: RecordView, day: str, done: Done) -> str:
    """One visit; what came of it."""
    phone, random = handheld.phone, handheld.random
    (outcome,) = random.choices([name for name, _ in OUTCOMES], [weight for _, weight in OUTCOMES])
    done.note(outcome)
    result = {"pindah": "pindah", "tidak_tahu": "tidak_ditemukan", "menolak": "menolak"}
    visit = phone.create(
        "kunjungan",
        {
            "waktu": f"{day}T09:{random.randrange(60):02}:00+07:00",
            "hasil": result.get(outcome, "selesai"),
            "lintang": round(-5.02 + random.uniform(-0.02, 0.02), 6),
            "bujur": round(105.05 + random.uniform(-0.02, 0.02), 6),
            "akurasi_m": random.randint(4, 18),
            "responden": "kepala keluarga",
        },
        parent=family.id,
    ).id
    if outcome in ("pindah", "tidak_tahu"):
        stated: JsonObject = {"hasil": "tidak_ditemukan", "hasil_alasan": outcome}
        phone.edit("keluarga", family.id, stated, visit=visit)
        if outcome == "pindah":
            phone.end("keluarga", family.id, "pindah", day, details={"target": "Kota Metro"})
        return outcome
    poor = outcome != "mampu"
    stated = {"hasil": "ditemukan", "kemampuan": "tidak_mampu" if poor else "mampu"}
    if random.random() < 0.3:
        stated["jenis_lantai_terluas"] = random.choice(FLOORS)
    proposed: JsonObject = {"program_diusulkan": [random.choice(("pkh", "bpnt", "pbi"))]}
    wants = poor and random.random() < 0.3
    phone.edit("keluarga", family.id, stated, proposed if wants else {}, visit=visit)
    _settle_number(phone, family, "no_kk", done)
    _meet_members(handheld, family, day, done)
    return outcome


def _meet_members(handheld: Handheld, family: RecordView, day: str, done: Done) -> None:
    """Who lives there: presence, what no list has, and why a number is missing."""
    members = [
        one
        for one in handheld.phone.records(entity="anggota", parent=family.id)
        if one.ended is None
    ]
    for place, member in enumerate(members):
        is_head = member.fields.get("hubungan_keluarga") == "kepala_keluarga"
        if place and not is_head and handheld.random.random() < 0.01:
            details: JsonObject = {"number": f"474.3/{handheld.random.randrange(900):03}/2026"}
            handheld.phone.end("anggota", member.id, "meninggal", day, details=details)
            done.deaths += 1
            continue
        stated: JsonObject = {"keberadaan": "tinggal_bersama_keluarga"}
        if "tempat_lahir" not in member.fields:
            stated["tempat_lahir"] = "LAMPUNG TENGAH"
        if "pekerjaan" not in member.fields:
            stated["pekerjaan"] = "petani_pekebun" if is_head else "belum_tidak_bekerja"
        if "ibu_kandung" not in member.fields:
            stated["ibu_kandung"] = f"IBU {handheld.random.randrange(1000):03} CONTOH"
        handheld.phone.edit("anggota", member.id, stated)
        _settle_number(handheld.phone, member, "nik", done)


def _settle_number(phone: Phone, view: RecordView, name: str, done: Done) -> None:
    """A missing or malformed number blocks the sign-off, unless its reason stands beside it."""
    number = view.fields.get(name)
    if view.fields.get(f"{name}_alasan") or (isinstance(number, str) and _is_sound(number)):
        return
    reason = WITHOUT_NUMBER if name == "nik" else ABSENT
    try:
        phone.edit(view.entity, view.id, {name: number, f"{name}_alasan": reason})
    except InvalidEdit:
        phone.edit(view.entity, view.id, {name: None, f"{name}_alasan": reason})
    done.reasons += 1


def _is_sound(number: str) -> bool:
    return len(number) == 16 and number.isdigit() and len(set(number)) > 1


def _disagree(handheld: Handheld, family: RecordView, day: str, done: Done) -> None:
    """The second collector of an RT found nobody where the first met the family."""
    stated: JsonObject = {"hasil": "tidak_ditemukan", "hasil_alasan": "tidak_tahu"}
    handheld.phone.edit("keluarga", family.id, stated, observed=day)
    done.disagreed += 1


def _propose(handheld: Handheld, neighbour: RecordView, number: int, day: str, done: Done) -> None:
    """A family that is on no list, two people without a card."""
    phone = handheld.phone
    place: JsonObject = {
        k: neighbour.fields[k] for k in ("dusun", "rt", "rw") if k in neighbour.fields
    }
    name = f"WARGA BARU {handheld.random.randrange(1000):03}"
    family: JsonObject = {
        "nama_kepala_keluarga": name,
        "alamat": f"GANG CONTOH NO {number + 1}",
        **place,
        "no_kk_alasan": "kartu keluarga sedang diurus",
        "hasil": "usulan_baru",
        "kemampuan": "tidak_mampu",
        "program_diusulkan": ["bpnt"],
    }
    added = phone.create("keluarga", family, observed=day).id
    person: JsonObject = {
        "tempat_lahir": "LAMPUNG TENGAH",
        "ibu_kandung": "IBU CONTOH",
        "pekerjaan": "buruh_tani_perkebunan",
        "status_kawin": "kawin_nikah",
        "keberadaan": "tinggal_bersama_keluarga",
        "nik_alasan": WITHOUT_NUMBER,
    }
    head: JsonObject = {
        "nama": name,
        "tanggal_lahir": "1991-04-12",
        "jenis_kelamin": "laki_laki",
        "hubungan_keluarga": "kepala_keluarga",
    }
    wife: JsonObject = {
        "nama": f"ISTRI {name}",
        "tanggal_lahir": "1994-09-02",
        "jenis_kelamin": "perempuan",
        "hubungan_keluarga": "istri_suami",
    }
    for one in (head, wife):
        phone.create("anggota", {**person, **one}, parent=added)
    done.proposed += 1


def read_codes(paths: Iterable[Path]) -> list[tuple[str, str]]:
    """What `lokus enrol NAME --json` printed, one document after another."""
    decoder, found = json.JSONDecoder(), []
    for path in paths:
        text = path.read_text("utf-8").strip()
        while text:
            issued, end = decoder.raw_decode(text)
            found.append((issued["account"], issued["link"]))
            text = text[end:].strip()
    return found


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.lists.field_work", description=__doc__)
    parser.add_argument("codes", nargs="+", type=Path, help="what `lokus enrol --json` printed")
    parser.add_argument("--stores", type=Path, required=True, help="a folder for the phones")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(arguments)
    done = play(read_codes(options.codes), options.stores, seed=options.seed)
    outcomes = ", ".join(f"{name} {count}" for name, count in sorted(done.outcomes.items()))
    sys.stdout.write(
        f"{done.phones} phones visited {done.visited} families ({outcomes}); "
        f"{done.deaths} deaths, {done.proposed} families proposed, {done.reasons} reasons for "
        f"missing numbers, {done.disagreed} disagreements; "
        f"the server took {done.accepted} operations.\n"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
