"""A converted workbook → the mapping that will read its submissions, or why it cannot be published.

Everything that would make a submission unmergeable is found here, before the form is on any phone,
and told by sheet, row and column.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final
from xml.etree import ElementTree as ET

from api.formats.xform.faults import FormFault, FormRefused
from api.formats.xform.fitting import fit_faults
from api.formats.xform.formulas import language_faults, list_reads
from api.formats.xform.mapping import (
    RT_LIST,
    Feed,
    FormKind,
    FormMapping,
    MappedList,
    MappedQuestion,
    MappedRepeat,
)
from api.formats.xform.survey import TARGETS_COLUMN, Survey, SurveyRow, read_survey
from api.formats.xform.targets import targets_of
from api.formats.xform.wholeness import Fed, extra_columns, wholeness_faults
from api.formats.xform.workbooks import Converted
from sync.policy import FIELDS
from sync.types import ANGGOTA, KELUARGA

FORM_ID_CHARACTERS_MAX: Final = 64
VERSION_CHARACTERS_MAX: Final = 32
KOBO_SPECIFICATION: Final = "2024.1"
"""The newest entities specification that KoboCollect 2025.3 opens."""
_PLAIN: Final = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.")
_ENTITIES_VERSION: Final = "{http://www.opendatakit.org/xforms/entities}entities-version"
_MODEL: Final = "{http://www.w3.org/2002/xforms}model"
_SERVED: Final = frozenset({*FIELDS, RT_LIST})
"""Lists that the server makes for each collector; other files come along with the form."""
_ROW_OWN: Final = frozenset({"name", "label", "__version", "__trunkVersion", "__branchId"})


@dataclass(frozen=True, slots=True)
class CheckedForm:
    """A form that may be published."""

    title: str
    mapping: FormMapping
    warnings: tuple[str, ...]


def check(converted: Converted) -> CheckedForm:
    """The form's mapping and what is worth a warning. Raises `FormRefused` with every fault."""
    survey = read_survey(converted.sheets)
    faults = [*_settings_faults(survey), *language_faults(survey)]
    kind = _kind(survey)
    repeats = dict(_repeats(survey, faults))
    fed = [*_fed(survey, faults)]
    for row, feed in fed:
        faults += fit_faults(survey, row, feed)
    if kind is not None:
        faults += wholeness_faults(survey, kind, fed, repeats)
        faults += _entity_faults(survey, kind)
    faults += _list_faults(survey)
    if faults or kind is None:
        raise FormRefused(faults)
    mapping = FormMapping(
        form_id=survey.settings["form_id"],
        version=survey.settings["version"],
        kind=kind,
        root=survey.settings.get("name", "data"),
        entity_list=_entity_list(survey),
        entities_version=entities_version(converted.xml),
        questions=_questions(survey, fed),
        repeats=tuple(MappedRepeat(path, entity) for path, entity in repeats.items()),
        lists=_lists(survey),
    )
    title = survey.settings.get("form_title", mapping.form_id)
    return CheckedForm(title, mapping, (*converted.warnings, *_warnings(mapping)))


def entities_version(xml: bytes) -> str | None:
    """`2024.1`, `2025.1`; None for a form without entities."""
    model = next(ET.fromstring(xml).iter(_MODEL), None)  # noqa: S314  (our own pyxform wrote it)
    told = None if model is None else model.get(_ENTITIES_VERSION)
    return None if told is None else ".".join(told.split(".")[:2])


def _settings_faults(survey: Survey) -> Iterator[FormFault]:
    settings = survey.settings
    for column, most in (("form_id", FORM_ID_CHARACTERS_MAX), ("version", VERSION_CHARACTERS_MAX)):
        value = settings.get(column, "")
        if not value or len(value) > most or not _PLAIN.issuperset(value):
            yield _settings_fault(
                column,
                f"{column} is needed: at most {most} letters, digits, _, - or . without spaces",
                f"{column} wajib diisi: paling banyak {most} huruf, angka, _, - atau . tanpa spasi",
            )
    if _kind(survey) is None:
        kinds = ", ".join(FormKind)
        yield _settings_fault(
            TARGETS_COLUMN,
            f"say in this column what the form is for: {kinds}",
            f"isilah kolom ini dengan guna formulir: {kinds}",
        )
    if "public_key" in settings:
        yield _settings_fault(
            "public_key",
            "what an encrypted form sends cannot be read or merged here: remove the key",
            "isian formulir terenkripsi tidak dapat dibaca dan digabung di sini: hapus kuncinya",
        )
    for column in ("submission_url", "auto_send", "auto_delete"):
        if column in settings:
            yield _settings_fault(
                column,
                "where and when phones send is the server's to say: remove this column",
                "tujuan dan waktu pengiriman diatur oleh server: hapus kolom ini",
            )


def _settings_fault(column: str, english: str, indonesian: str) -> FormFault:
    return FormFault("settings", 2, column, english, indonesian)


def _kind(survey: Survey) -> FormKind | None:
    told = survey.settings.get(TARGETS_COLUMN, "")
    return FormKind(told) if told in {*FormKind} else None


def _repeats(survey: Survey, faults: list[FormFault]) -> Iterator[tuple[str, str]]:
    for row in survey.repeats():
        entity = row.cells.get(TARGETS_COLUMN, "")
        if entity == ANGGOTA and row.repeat is None:
            yield row.path, entity
        elif entity:
            faults.append(
                row.fault(
                    TARGETS_COLUMN,
                    "a repeat may be the members of the form's family: write anggota here, or "
                    "nothing, and put no such repeat into another",
                    "repeat dapat berisi anggota keluarga: tulis anggota di sini, atau kosongkan, "
                    "dan jangan menaruhnya di dalam repeat lain",
                )
            )


def _fed(survey: Survey, faults: list[FormFault]) -> Iterator[Fed]:
    for row in survey.rows:
        if row.kind == "begin_repeat":
            continue
        for target in targets_of(row):
            if isinstance(target, FormFault):
                faults.append(target)
            elif row.kind == "begin_group":
                faults.append(
                    row.fault(
                        TARGETS_COLUMN,
                        "a group feeds nothing: move the target to a question",
                        "group tidak mengisi apa pun: pindahkan tujuan ke pertanyaannya",
                    )
                )
            else:
                yield row, target


def _entity_faults(survey: Survey, kind: FormKind) -> Iterator[FormFault]:
    main = next((row for row in survey.entities if row.listed == KELUARGA), None)
    if kind is FormKind.STATE_RT and survey.entities:
        yield FormFault(
            "entities",
            survey.entities[0].row,
            "list_name",
            "a form of kind state-rt is about no record: leave this sheet out",
            "formulir jenis state-rt tidak tentang satu data: hapus lembar ini",
        )
        return
    if kind in {FormKind.UPDATE, FormKind.CREATE} and main is None:
        yield FormFault(
            "entities",
            0,
            "list_name",
            "a form about families declares the list keluarga here, so that phones keep what "
            "they entered until the server answers",
            "formulir tentang keluarga menyebut daftar keluarga di sini, supaya ponsel menyimpan "
            "isiannya sampai server menjawab",
        )
    for row in survey.entities:
        if row.listed not in FIELDS:
            yield FormFault(
                "entities",
                row.row,
                "list_name",
                "entity lists are keluarga and anggota",
                "daftar entitas adalah keluarga dan anggota",
            )
    if main is not None and ("entity_id" in main.cells) is not (kind is FormKind.UPDATE):
        yield FormFault(
            "entities",
            main.row,
            "entity_id",
            "a form of kind update names the family in entity_id, one of kind create leaves it "
            "empty",
            "formulir jenis update menyebut keluarga pada entity_id, jenis create mengosongkannya",
        )


def _list_faults(survey: Survey) -> Iterator[FormFault]:
    """A column that the server does not serve would be empty on every phone, without a word."""
    for row, column, listed, name in list_reads(survey):
        if listed in _SERVED and name not in extra_columns(listed):
            yield row.fault(
                column,
                f"the list {listed} has no column {name}",
                f"daftar {listed} tidak punya kolom {name}",
            )
    for row in survey.rows:
        listed, name = _saved(survey, row)
        if name and name not in extra_columns(listed) - _ROW_OWN:
            yield row.fault(
                "save_to",
                f"{listed} has no field {name} to keep an answer in",
                f"{listed} tidak punya kolom {name} untuk menyimpan jawaban",
            )


def _saved(survey: Survey, row: SurveyRow) -> tuple[str, str]:
    """List and property of `save_to`; a property alone belongs to the only list."""
    cell = row.cells.get("save_to", "")
    listed, hash_, name = cell.rpartition("#")
    return (listed, name) if hash_ else (_entity_list(survey) or KELUARGA, cell)


def _entity_list(survey: Survey) -> str | None:
    listed = [row.listed for row in survey.entities]
    return KELUARGA if KELUARGA in listed else next(iter(listed), None)


def _questions(survey: Survey, fed: list[Fed]) -> tuple[MappedQuestion, ...]:
    feeds: dict[str, list[Feed]] = {}
    for row, feed in fed:
        feeds.setdefault(row.path, []).append(feed)
    return tuple(
        MappedQuestion(row.path, row.kind, tuple(feeds[row.path]), row.repeat)
        for row in survey.rows
        if row.path in feeds
    )


def _lists(survey: Survey) -> tuple[MappedList, ...]:
    found: dict[str, set[str]] = {}
    for row in survey.rows:
        if row.kind.endswith("_from_file") and row.listed.endswith(".csv"):
            found.setdefault(row.listed.removesuffix(".csv"), set())
        listed, name = _saved(survey, row)
        if name:
            found.setdefault(listed, set()).add(name)
    for _, _, listed, name in list_reads(survey):
        found.setdefault(listed, set()).add(name)
    for entity in survey.entities:
        found.setdefault(entity.listed, set())
    return tuple(
        MappedList(listed, tuple(sorted(names - _ROW_OWN)))
        for listed, names in sorted(found.items())
        if listed in _SERVED
    )


def _warnings(mapping: FormMapping) -> Iterator[str]:
    version = mapping.entities_version
    if version is not None and version > KOBO_SPECIFICATION:
        yield (
            f"entities specification {version}: KoboCollect and Collect before 2026.1 do not open "
            f"this form. Publish it beside one of {KOBO_SPECIFICATION}, not instead of it."
        )
