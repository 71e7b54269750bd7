"""Does a form say whole things: groups, sets, ends, and which record it is about?

Half a group cannot be merged. The other half would be cleared by everybody who fills the form,
without ever having been asked for.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

from api.formats.xform.faults import FormFault
from api.formats.xform.formulas import settled
from api.formats.xform.mapping import RT, RT_COLUMNS, RT_LIST, Feed, FormKind, Role
from api.formats.xform.survey import TARGETS_COLUMN, Survey, SurveyRow
from api.formats.xform.targets import field_of
from sync.policy import FIELDS, GROUPS, FieldClass
from sync.types import ANGGOTA, KELUARGA, KUNJUNGAN, PENGUKURAN

Fed = tuple[SurveyRow, Feed]
"""A question with one thing that it feeds."""

_PLACE: Final = ("lintang", "bujur", "akurasi_m")


def wholeness_faults(
    survey: Survey, kind: FormKind, fed: Sequence[Fed], repeats: dict[str, str]
) -> Iterator[FormFault]:
    """Everything about questions together. `repeats`: path → entity."""
    yield from _misplaced(fed, repeats, kind)
    yield from _twice(fed)
    if kind is FormKind.UPDATE:
        yield from _half_groups(fed)
        yield from _sets_without_shown(fed)
    yield from _ids(survey, kind, fed, repeats)
    if kind is FormKind.STATE_RT:
        yield from _unstated(fed)
    yield from _ends(survey, fed)


def _misplaced(fed: Sequence[Fed], repeats: dict[str, str], kind: FormKind) -> Iterator[FormFault]:
    for row, feed in fed:
        of = repeats.get(row.repeat or "", "")
        if feed.entity == of or not feed.entity:
            continue
        if row.repeat is not None:
            yield row.fault(
                TARGETS_COLUMN,
                f"this stands in a repeat of {of or 'nothing'} and cannot feed {feed.entity}: move "
                "it out, or write the entity on the begin_repeat row",
                f"pertanyaan ini ada di dalam repeat {of or 'tanpa entitas'} dan tidak dapat "
                f"mengisi {feed.entity}: pindahkan, atau tulis entitas pada baris begin_repeat",
            )
        elif feed.entity == ANGGOTA and kind is not FormKind.MEASURE:
            yield row.fault(
                TARGETS_COLUMN,
                "members stand in a repeat whose begin_repeat row says anggota in this column",
                "anggota ditanyakan di dalam repeat yang baris begin_repeat-nya berisi anggota "
                "pada kolom ini",
            )
        elif not _belongs(feed, kind):
            yield row.fault(
                TARGETS_COLUMN,
                f"a form of kind {kind.value} states nothing about {feed.entity}",
                f"formulir jenis {kind.value} tidak mengisi {feed.entity}",
            )


def _belongs(feed: Feed, kind: FormKind) -> bool:
    if kind is FormKind.STATE_RT:
        return feed.entity == RT
    if kind is FormKind.MEASURE:
        return feed.entity in {PENGUKURAN, ANGGOTA}
    return feed.entity in {KELUARGA, KUNJUNGAN, ANGGOTA}


def _twice(fed: Sequence[Fed]) -> Iterator[FormFault]:
    counted = Counter(feed for _, feed in fed)
    seen: set[Feed] = set()
    for row, feed in fed:
        if counted[feed] > 1 and feed in seen:
            yield row.fault(
                TARGETS_COLUMN,
                f"another question feeds {feed.entity}.{feed.name or feed.role} already: join "
                "them with a calculate, so that one of them speaks",
                f"{feed.entity}.{feed.name or feed.role} sudah diisi pertanyaan lain: gabungkan "
                "dengan baris calculate supaya hanya satu yang mengisi",
            )
        seen.add(feed)


def _half_groups(fed: Sequence[Fed]) -> Iterator[FormFault]:
    stated = _stated_fields(fed)
    told: set[tuple[str, str]] = set()
    for row, feed in fed:
        field = field_of(feed)
        if feed.role is not Role.FIELD or field is None or (field.entity, field.group) in told:
            continue
        group = GROUPS[field.entity][field.group]
        missing = [name for name in group.fields if (field.entity, name) not in stated]
        if missing:
            told.add((field.entity, field.group))
            yield row.fault(
                TARGETS_COLUMN,
                f"{field.entity}.{group.name} is merged as a whole and half of it is missing: ask "
                f"for {', '.join(missing)} too, or for none of {', '.join(group.fields)}",
                f"{field.entity}.{group.name} digabung utuh dan sebagiannya belum ditanyakan: "
                f"tanyakan juga {', '.join(missing)}, atau jangan tanyakan satu pun",
            )


def _stated_fields(fed: Sequence[Fed]) -> set[tuple[str, str]]:
    stated: set[tuple[str, str]] = set()
    for _, feed in fed:
        if feed.role is Role.LOCATION:
            stated |= {(feed.entity, name) for name in _PLACE}
        elif feed.role is Role.FIELD:
            stated.add((feed.entity, feed.name))
    return stated


def _sets_without_shown(fed: Sequence[Fed]) -> Iterator[FormFault]:
    shown = {(feed.entity, feed.name) for _, feed in fed if feed.role is Role.SHOWN}
    for row, feed in fed:
        field = field_of(feed)
        is_set = field is not None and field.field_class is FieldClass.SET
        if feed.role is Role.FIELD and is_set and (feed.entity, feed.name) not in shown:
            yield row.fault(
                TARGETS_COLUMN,
                f"what the phone showed for {feed.entity}.{feed.name} has to be known, else nobody "
                f"can tell what was taken out: add a calculate that feeds "
                f"{feed.entity}.{feed.name}:shown",
                f"isi awal {feed.entity}.{feed.name} harus diketahui supaya yang dihapus dapat "
                f"dibedakan: tambahkan baris calculate dengan tujuan "
                f"{feed.entity}.{feed.name}:shown",
            )


def _ids(
    survey: Survey, kind: FormKind, fed: Sequence[Fed], repeats: dict[str, str]
) -> Iterator[FormFault]:
    has = {(row.repeat, feed.entity, feed.role) for row, feed in fed}
    wanted: list[tuple[str | None, str, Role]] = []
    if kind is FormKind.UPDATE:
        wanted.append((None, KELUARGA, Role.ID))
    if kind is FormKind.MEASURE:
        wanted.append((None, ANGGOTA, Role.ID))
    for repeat, of in repeats.items():
        wanted.append((repeat, of, Role.NEW_ID))
        if kind is FormKind.UPDATE:
            wanted.append((repeat, of, Role.ID))
    for place, entity, role in wanted:
        if (place, entity, role) in has:
            continue
        name = {Role.ID: "id", Role.NEW_ID: "new_id"}[role]
        row = next((one for one in survey.rows if one.path == place), None)
        yield FormFault(
            "survey",
            row.row if row else 0,
            TARGETS_COLUMN,
            f"no question feeds {entity}.{name}: nobody could tell which record is meant",
            f"tidak ada pertanyaan dengan tujuan {entity}.{name}: tidak jelas data siapa yang "
            "dimaksud",
        )


def _unstated(fed: Sequence[Fed]) -> Iterator[FormFault]:
    told = {feed.name for _, feed in fed if feed.role is Role.STATED}
    for name in ("id", "period", "done"):
        if name not in told:
            yield FormFault(
                "survey",
                0,
                TARGETS_COLUMN,
                f"no question feeds rt.{name}: a form of kind state-rt says which RT, in which "
                "period, and whether it is done",
                f"tidak ada pertanyaan dengan tujuan rt.{name}: formulir jenis state-rt menyebut "
                "RT, periode, dan apakah sudah selesai",
            )


def _ends(survey: Survey, fed: Sequence[Fed]) -> Iterator[FormFault]:
    parts: dict[str, list[Fed]] = {}
    for row, feed in fed:
        if feed.role is Role.END:
            parts.setdefault(feed.entity, []).append((row, feed))
    for entity, ends in parts.items():
        names = {feed.name for _, feed in ends}
        missing = [name for name in ("reason", "date") if name not in names]
        reasons = [row for row, feed in ends if feed.name == "reason"]
        if any("ganda" in settled(survey, row).words for row in reasons) and "twin" not in names:
            missing.append("twin")
        if missing:
            yield ends[0][0].fault(
                TARGETS_COLUMN,
                f"the end of a record has a reason and a day, a double also its twin; missing: "
                f"{', '.join(f'{entity}.end:{name}' for name in missing)}",
                f"akhir sebuah data memerlukan alasan dan tanggal, data ganda juga kembarannya; "
                f"belum ada: "
                f"{', '.join(f'{entity}.end:{name}' for name in missing)}",
            )


def extra_columns(listed: str) -> frozenset[str]:
    """Columns of a served list that are no fields: who, where it belongs, what is to be done."""
    if listed == RT_LIST:
        return frozenset({"name", "label", *RT_COLUMNS})
    own = {"name", "label", "__version", "__trunkVersion", "__branchId"}
    return frozenset(own | _EXTRA.get(listed, set()) | set(FIELDS.get(listed, {})))


_EXTRA: Final = {
    KELUARGA: {"perlu_perbaikan", "nama_anggota", "jumlah_anggota"},
    ANGGOTA: {"keluarga", "rt", "rw"},
}
"""`perlu_perbaikan`: the reviewer's words. `keluarga`: the id of a member's family."""
