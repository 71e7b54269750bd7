"""The berita acara of a village as pages: what was held, counted and decided; who signs; the lists.

Fields as villages wrote them in 2022 (domain facts, section 4.4): the village with its secretariat,
the day in words, counts by programme and in all, the names of operator and head. On each page stand
the village, the period, the page's number and the head of the hash, so that no page can be changed
for another one.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final
from zoneinfo import ZoneInfo

import segno
from markupsafe import Markup

from api.services.masking import Mask
from api.services.minutes import Minutes, Standing
from api.web.printing.measuring import lines_of
from api.web.printing.paginating import Block, Frame, Group, paginate
from api.web.printing.papers import (
    CONTENT_MM,
    TEXT_LINE_MM,
    TEXT_PT,
    Paper,
    Sheet,
    grouped_in_fours,
    part,
    printed,
)
from api.web.printing.spelling import local_moment, short_date, spelt, spelt_day
from api.web.printing.tables import TEMPLATE, Column, PrintedTable
from api.web.printing.tallies import TITLES, Annex, ChangedPerson, Tallies, tallied
from sync.codes import CODELISTS
from sync.frozen import FrozenFamily, FrozenMember
from sync.outcomes import family_found
from sync.permission import Role
from sync.types import ANGGOTA, KELUARGA, Json
from sync.values import masked

ATTENDANCE_ROWS_MIN: Final = 20
HASH_HEAD: Final = 16
LAST_DIGITS: Final = 4
_HEAD_OF_FAMILY: Final = "kepala_keluarga"
_SEAL_MM: Final = 36.0
_SIGN_ROW_MM: Final = 36.0
_MARKS: Final[Mapping[Standing, str]] = {
    Standing.DRAFT: "DRAF",
    Standing.TO_SIGN: "UNTUK DITANDATANGANI",
    Standing.SIGNED: "DISAHKAN",
    Standing.SUPERSEDED: "TIDAK BERLAKU LAGI",
}
_AGENDA: Final = (
    "Pembacaan hasil verifikasi tiap RT;",
    "Pembahasan keluarga yang mampu, tidak ditemukan, ganda, dan usulan baru;",
    "Penetapan daftar keluarga dan tindak lanjutnya.",
)
_VERDICTS: Final = {"layak": "layak", "tidak_layak": "tidak layak", "ditunda": "ditunda"}
_REASONS: Final = {
    code.slug: code.label_id
    for name in ("prelist_alasan_tidak_ditemukan", "dtks_tidak_layak", "dtsen_form_keberadaan")
    for code in CODELISTS[name].codes
}


def minutes_html(minutes: Minutes, role: Role, zone: ZoneInfo, paper: Paper = Paper.A4) -> str:
    """The berita acara with its lists as one HTML file, for a reader of that role."""
    page = _Page(minutes, tallied(minutes.village), Mask(role), zone)
    mark = _MARKS[minutes.standing]
    place = minutes.place.title
    note = minutes.note
    shown = Sheet(
        title=f"Berita acara {place} {minutes.village.period}",
        head=part(TEMPLATE, "head", minutes, "" if mark == "DRAF" else mark),
        foot=(
            f"Sidik {_head_of_hash(note.hash)} · kode {grouped_in_fours(note.code)}"
            if note is not None
            else f"Belum dibekukan · dicetak {local_moment(minutes.made_at, zone)}"
        ),
        paper=paper,
        draft=minutes.standing is Standing.DRAFT,
    )
    return printed(shown, paginate(page.groups(), paper.room_mm))


class _Page:
    """The parts of one berita acara, in order."""

    def __init__(self, minutes: Minutes, tallies: Tallies, mask: Mask, zone: ZoneInfo) -> None:
        self._minutes = minutes
        self._tallies = tallies
        self._mask = mask
        self._zone = zone

    def groups(self) -> Iterator[Group]:
        """Everything that is printed."""
        yield from self._opening()
        yield from self._counts()
        yield from self._decisions()
        yield from self._signing()
        yield from self._annexes()
        yield from self._people()
        yield from self._attendance()

    # The meeting -----------------------------------------------------------------------------

    def _opening(self) -> Iterator[Group]:
        minutes, place = self._minutes, self._minutes.place
        yield Group((Block(part(TEMPLATE, "letterhead", place), 26.5),))
        yield Group((Block(part(TEMPLATE, "title", minutes), 3 + 4 * 5.5),))
        meeting = minutes.meeting
        day = spelt_day(meeting.held_on) if meeting.held_on else "……………, tanggal ……………………"
        figures = f" ({short_date(meeting.held_on)})" if meeting.held_on else ""
        came = len(meeting.attendance)
        attended = f"{came} ({spelt(came)}) orang" if came else "………… orang"
        yield Group(
            (
                _text(
                    f"Pada hari ini {day}{figures}, bertempat di "
                    f"{meeting.place or '………………………………………'}, {place.title}, Kecamatan "
                    f"{place.kecamatan}, {place.kabupaten_level.title()} {place.kabupaten}, telah "
                    f"dilaksanakan {place.words.meeting} yang dihadiri {attended} sebagaimana "
                    "daftar hadir terlampir, dengan agenda:"
                ),
                *(_item(number, sentence) for number, sentence in enumerate(_AGENDA, 1)),
                _space(),
            )
        )
        tallies = self._tallies
        yield Group(
            (
                _text(
                    f"Musyawarah membahas daftar {tallies.families} ({spelt(tallies.families)}) "
                    f"keluarga dengan {tallies.people} ({spelt(tallies.people)}) orang, dengan "
                    "hasil sebagai berikut."
                ),
            )
        )
        if meeting.notes:
            yield Group((_text(f"Catatan: {meeting.notes}"),))

    def _counts(self) -> Iterator[Group]:
        tallies = self._tallies
        outcomes = PrintedTable((Column("Hasil", 98), Column("Keluarga", 30, figure=True),
                                 Column("Terbilang", 60)))  # fmt: skip
        rows: list[Sequence[object]] = [
            (TITLES[annex], tallies.count(annex), spelt(tallies.count(annex)))
            for annex in Annex
            if tallies.count(annex) or annex not in {Annex.DITUNDA, Annex.MENOLAK, Annex.BELUM}
        ]
        rows.append(("Jumlah", tallies.families, spelt(tallies.families)))
        yield from outcomes.groups(rows, _heading("Menurut hasil"), last_strong=True)
        programmes = PrintedTable(
            (
                Column("Program", 64),
                Column("Keluarga penerima", 40, figure=True),
                Column("Orang penerima", 40, figure=True),
                Column("Keluarga diusulkan", 44, figure=True),
            )
        )
        yield from programmes.groups(
            [(one.name, one.families, one.people, one.proposed) for one in tallies.programmes],
            _heading("Menurut program"),
        )
        yield from self._by_rt()
        yield Group((_space(),))

    def _by_rt(self) -> Iterator[Group]:
        shown = (Annex.LAYAK, Annex.USULAN_BARU, Annex.TIDAK_LAYAK, Annex.MENINGGAL, Annex.PINDAH,
                 Annex.GANDA, Annex.TIDAK_DITEMUKAN)  # fmt: skip
        names = ("Layak", "Usulan baru", "Tidak layak", "Meninggal", "Pindah", "Ganda",
                 "Tidak ditemukan", "Lain", "Jumlah")  # fmt: skip
        wide = frozenset({"Meninggal", "Tidak ditemukan"})
        columns = (Column(name, 20 if name in wide else 18, figure=True) for name in names)
        table = PrintedTable((Column("RT", 22), *columns))

        def row(name: str, counted: Mapping[Annex, int]) -> tuple[object, ...]:
            total = sum(counted.values())
            kinds = [counted.get(annex, 0) for annex in shown]
            return (name, *kinds, total - sum(kinds), total)

        rows = [row(rt.rstrip("/") or "tanpa RT", one) for rt, one in self._tallies.by_rt.items()]
        rows.append(row("Jumlah", {annex: self._tallies.count(annex) for annex in Annex}))
        yield from table.groups(rows, _heading("Menurut RT"), last_strong=True)

    def _decisions(self) -> Iterator[Group]:
        decided = [one for one in self._minutes.village.families if one.decision is not None]
        heading = _heading("Keputusan musyawarah")
        if not decided:
            none = _text("Tidak ada keluarga yang diputuskan secara khusus.")
            yield Group((heading, none))
            return
        table = PrintedTable((Column("No", 10, figure=True), Column("Kepala keluarga", 48),
                              Column("NIK", 22), Column("RT", 18), Column("Keputusan", 26),
                              Column("Alasan", 64)))  # fmt: skip
        rows = []
        for number, family in enumerate(sorted(decided, key=lambda one: (one.rt, one.id)), 1):
            decision = family.decision or {}
            verdict = _VERDICTS.get(str(decision.get("decision")), "")
            nik = self._nik(family, whole=False)
            rows.append((number, self._name(family), nik, family.rt.rstrip("/"), verdict,
                         decision.get("reason") or ""))  # fmt: skip
        yield from table.groups(rows, heading)
        yield Group((_space(),))

    # The signatures --------------------------------------------------------------------------

    def _signing(self) -> Iterator[Group]:
        minutes, words = self._minutes, self._minutes.place.words
        closing = (
            "Demikian berita acara ini dibuat dengan sebenarnya. Daftar nama dan alamat pada "
            "lampiran merupakan bagian yang tidak terpisahkan dari berita acara ini."
        )
        signers = (
            (f"{words.head[:1].upper()}{words.head[1:]} {minutes.place.name}", minutes.head),
            (f"Operator {words.village}", minutes.operator),
            ("Wakil ketua RT", ""),
            ("Wakil peserta musyawarah", ""),
        )
        blocks = [_text(closing)]
        sentence = self._how_signed()
        if sentence:
            blocks.append(Block(part(TEMPLATE, "signed", sentence), _text(sentence).height))
        blocks.append(Block(part(TEMPLATE, "signatures", minutes, signers), 2 * _SIGN_ROW_MM + 2))
        blocks += [_space(), Block(part(TEMPLATE, "seal", self._qr(), self._seal()), _SEAL_MM)]
        yield Group(tuple(blocks))

    def _how_signed(self) -> str:
        note = self._minutes.note
        if note is None or note.signed_at is None:
            return ""
        when = local_moment(note.signed_at, self._zone)
        how = "dengan PIN" if note.method == "pin" else "di atas kertas, pindaian diserahkan"
        who = f" oleh akun {self._minutes.signed_by}" if self._minutes.signed_by else ""
        ended = self._minutes.standing is Standing.SUPERSEDED
        after = " Daftar ini kemudian dibuka kembali dan tidak berlaku lagi." if ended else ""
        return f"Disahkan {how}{who} pada {when}.{after}"

    def _qr(self) -> Markup:
        note = self._minutes.note
        if note is None:
            return Markup("")
        code = segno.make(f"{self._minutes.url}{note.code}", error="m", micro=False)
        drawing = code.svg_inline(border=4, omitsize=True, svgclass=None, lineclass=None)
        return Markup(drawing)  # noqa: S704  # drawn from a code of ours, in numbers

    def _seal(self) -> list[tuple[str, str, bool]]:
        minutes, note = self._minutes, self._minutes.note
        if note is None:
            return [("Keadaan", "Draf: daftar belum dibekukan dan dapat berubah.", False)]
        states = {
            Standing.DRAFT: f"Draf; {sum(note.unmet.values())} hal belum terpenuhi saat dibekukan",
            Standing.TO_SIGN: "Dibekukan, belum disahkan",
            Standing.SIGNED: "Disahkan",
            Standing.SUPERSEDED: "Pernah disahkan, tidak berlaku lagi",
        }
        rows = [
            ("Sidik (SHA-256)", grouped_in_fours(note.hash), True),
            ("Kode", grouped_in_fours(note.code), True),
            ("Periksa di", minutes.url, False),
            ("Keadaan", states[minutes.standing], False),
            ("Dibekukan", local_moment(note.frozen_at, self._zone), False),
        ]
        if minutes.audit is not None:
            n, digest = minutes.audit
            rows.append(("Jejak audit", f"{n}: {_head_of_hash(digest)}", True))
        return rows

    # The lists -------------------------------------------------------------------------------

    def _annexes(self) -> Iterator[Group]:
        table = PrintedTable((Column("No", 9, figure=True), Column("Kepala keluarga", 42),
                              Column("No KK", 30), Column("NIK", 30), Column("Alamat", 36),
                              Column("RT", 16), Column("Org", 9, figure=True),
                              Column("Ket.", 16)))  # fmt: skip
        number = 0
        for annex, families in self._tallies.annexes.items():
            if not families:
                continue
            number += 1
            heading = Block(part(TEMPLATE, "annex", number, TITLES[annex], len(families)), 6.8)
            rows = [self._annex_row(place, one) for place, one in enumerate(families, 1)]
            first, *rest = table.groups(rows, heading)
            yield Group(first.blocks, breaks_before=number == 1)
            yield from rest
            yield Group((_space(),))

    def _annex_row(self, place: int, family: FrozenFamily) -> tuple[object, ...]:
        shown = self._mask.fields(KELUARGA, family.doc)
        address = ", ".join(str(shown[name]) for name in ("alamat", "dusun") if shown.get(name))
        people = sum(member.end is None for member in family.members)
        return (place, self._name(family), shown.get("no_kk") or "", self._nik(family, whole=True),
                address, family.rt.rstrip("/"), people, self._remark(family))  # fmt: skip

    def _remark(self, family: FrozenFamily) -> str:
        if family.end is not None:
            day = short_date(family.end.get("date"))
            return " ".join(filter(None, (day, str(family.end.get("number") or ""))))
        found = family_found(family.doc, None, [v.doc for v in family.visits], listed=family.listed)
        slug = found.reason or found.ineligible
        if slug is not None:
            return _REASONS.get(slug, slug)
        return "mampu" if found.able else ""

    def _people(self) -> Iterator[Group]:
        changed = self._tallies.changed
        if not changed:
            return
        table = PrintedTable((Column("No", 9, figure=True), Column("Nama", 42), Column("NIK", 30),
                              Column("Keluarga", 40), Column("RT", 16), Column("Perubahan", 28),
                              Column("Tanggal, no.", 23)))  # fmt: skip
        number = sum(1 for families in self._tallies.annexes.values() if families) + 1
        title = "Perubahan anggota keluarga"
        heading = Block(part(TEMPLATE, "annex", number, title, len(changed)), 6.8)
        rows = [self._person_row(place, one) for place, one in enumerate(changed, 1)]
        yield from table.groups(rows, heading)
        yield Group((_space(),))

    def _person_row(self, place: int, one: ChangedPerson) -> tuple[object, ...]:
        shown = self._mask.fields(ANGGOTA, one.member.doc)
        outcome = str(one.found.outcome)
        what = {"ganda": "tercatat dua kali", "pindah_wilayah": "pindah",
                "pindah_luar_negeri": "pindah ke luar negeri"}.get(outcome)  # fmt: skip
        when = ", ".join(filter(None, (short_date(one.found.day), one.found.number or "")))
        return (place, shown.get("nama") or "", shown.get("nik") or "", self._name(one.family),
                one.family.rt.rstrip("/"), what or outcome.replace("_", " "), when)  # fmt: skip

    def _attendance(self) -> Iterator[Group]:
        came = self._minutes.meeting.attendance
        opening = part(TEMPLATE, "attendance_open")
        frame = Frame(opening, part(TEMPLATE, "table_close"), 5.2)
        rows = [(one.nama, one.peran) for one in came]
        rows += [("", "")] * max(ATTENDANCE_ROWS_MIN - len(rows), 0)
        blocks = [
            Block(part(TEMPLATE, "attendance_row", number, name, role), 9.3, frame)
            for number, (name, role) in enumerate(rows, 1)
        ]
        heading = _heading("Daftar hadir")
        yield Group((heading, *blocks[:2]), breaks_before=True)
        for block in blocks[2:]:
            yield Group((block,))

    # Names and numbers -----------------------------------------------------------------------

    def _name(self, family: FrozenFamily) -> str:
        shown = self._mask.fields(KELUARGA, family.doc)
        return _said(shown.get("nama_kepala_keluarga")) or "(tanpa nama)"

    def _nik(self, family: FrozenFamily, *, whole: bool) -> str:
        """Of the family's head; outside of the lists by name only its last digits."""
        head = _head_of(family.members)
        if head is None:
            return ""
        number = _said(self._mask.fields(ANGGOTA, head.doc).get("nik"))
        return number if whole or not number else f"…{masked(number)[-LAST_DIGITS:]}"


def _head_of(members: Iterable[FrozenMember]) -> FrozenMember | None:
    listed = list(members)
    heads = [one for one in listed if one.doc.get("hubungan_keluarga") == _HEAD_OF_FAMILY]
    return next(iter(heads or listed), None)


def _head_of_hash(digest: str) -> str:
    return f"{grouped_in_fours(digest[:HASH_HEAD])} …"


def _said(value: Json) -> str:
    return value if isinstance(value, str) else ""


def _text(sentence: str) -> Block:
    height = lines_of(sentence, CONTENT_MM, TEXT_PT) * TEXT_LINE_MM + 2
    return Block(part(TEMPLATE, "text", sentence), height)


def _item(number: int, sentence: str) -> Block:
    height = lines_of(sentence, CONTENT_MM - 11, TEXT_PT) * TEXT_LINE_MM
    return Block(part(TEMPLATE, "item", number, sentence), height)


def _heading(words: str) -> Block:
    return Block(part(TEMPLATE, "heading", words), 7.5)


def _space() -> Block:
    return Block(part(TEMPLATE, "space"), 3.0)
