"""A form that is not ours: whoever connects it says in a TOML file what its questions feed.

```toml
desa = "1802172001"             # all of it is in one village; or:
# desa = { question = "lokasi/pekon", codes = { branti = "1802172001" } }
members = "anggota"             # the repeat whose instances are persons; none: no persons
measured = "balita"             # the repeat whose instances are measurements of children
unknown = "create"              # a family that the register does not know: "create" or "hold"
begun = "start"                 # when it was filled in; and observed, the day it is about
# identity = { question = "pilih_keluarga", by = "id" }   # else by the number that feeds no_kk

[questions]
"kk/nomor_kk" = "keluarga.no_kk"
"rumah/lantai" = { field = "keluarga.jenis_lantai_terluas", codes = { 1 = "tanah" } }
"anggota/nik" = "anggota.nik"
"anggota/ke_mana" = { field = "anggota.end:reason", codes = { 2 = "meninggal" } }
"hasil" = { field = "kunjungan.hasil", codes = { ada = "selesai" } }
"rumah/foto_depan" = "kunjungan.foto:rumah"
"balita/nik" = "pengukuran.anak"     # a NIK, or the id of a record
"balita/berat" = "pengukuran.berat_kg"
```

`members = "."` and `measured = "."` say that the form itself is about one person. Where nothing but
a child says which family it is, `identity = { question = "nik_anak", by = "nik" }` takes the
family that the child lives in.
"""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from api.connectors.filled import Filled, file_name
from api.errors import AppError
from api.formats.xform.connected import CHILD, END, PHOTO, fields_told
from api.formats.xform.mapping import LOCATION
from sync.codes import SLUGS
from sync.operation import EndReason
from sync.policy import FIELDS, GROUPS, FieldClass
from sync.types import ANGGOTA, KELUARGA, KUNJUNGAN, PENGUKURAN

MAP_BYTES_MAX: Final = 256 * 1024
QUESTIONS_MAX: Final = 400
_KEYS: Final = frozenset(
    {"desa", "members", "measured", "unknown", "begun", "observed", "identity", "questions"}
)
ITSELF: Final = "."
"""In the place of a repeat: the form is about one person."""
_ENTITIES: Final = (KELUARGA, ANGGOTA, KUNJUNGAN, PENGUKURAN)
_PHOTO: Final = f"{PHOTO}:"
_IDENTITIES: Final = ("id", "no_kk", "nik")
_DESA_DIGITS: Final = 10
Unknown = Literal["create", "hold"]
By = Literal["id", "no_kk", "nik"]


@dataclass(frozen=True, slots=True)
class Feeding:
    """One question, the field that it feeds, and what its choices are called there."""

    question: str
    entity: str
    name: str
    codes: Mapping[str, str] = field(default_factory=dict)

    def read(self, text: str) -> str:
        """An answer in the register's words; what no code names stays, and is looked at."""
        plain = text.strip()
        if not self.codes:
            return plain
        known = FIELDS[self.entity].get(self.name)  # none for a photograph or a place
        if known is not None and known.field_class is FieldClass.SET:
            return " ".join(self.codes.get(part, part) for part in plain.split())
        return self.codes.get(plain, plain)


@dataclass(frozen=True, slots=True)
class ConnectorMap:
    """All of a map."""

    desa: str
    desa_question: str
    desa_codes: Mapping[str, str]
    members: str
    measured: str
    unknown: Unknown
    begun: str
    observed: str
    identity: str
    identity_by: By
    feeds: tuple[Feeding, ...]

    @property
    def repeats(self) -> tuple[str, ...]:
        named = dict.fromkeys((self.members, self.measured))
        return tuple(one for one in named if one not in ("", ITSELF))

    @property
    def photos(self) -> tuple[str, ...]:
        """The questions whose answers are files that are evidence of a visit."""
        return tuple(one.question for one in self.feeds if _is_photo(one))

    def village(self, filled: Filled) -> str:
        """Kemendagri's code of the village; whatever was answered, if no code names it."""
        if self.desa:
            return self.desa
        told = filled.answers.get(self.desa_question, "").strip()
        return self.desa_codes.get(told, told).replace(".", "")

    def family(self, filled: Filled) -> dict[str, str]:
        return _fields(self.feeds, KELUARGA, filled.answers)

    def persons(self, filled: Filled) -> list[dict[str, str]]:
        told = [_fields(self.feeds, ANGGOTA, row) for row in _rows(filled, self.members)]
        return [one for one in told if one]

    def visit(self, filled: Filled) -> dict[str, str]:
        """How the visit ended, and where it was; its photographs are apart."""
        told = _fields(self.feeds, KUNJUNGAN, filled.answers)
        return {name: text for name, text in told.items() if not name.startswith(_PHOTO)}

    def pictures(self, filled: Filled) -> dict[str, str]:
        """Kind → name of the file, as `Filled.files` calls it."""
        told = _fields(self.feeds, KUNJUNGAN, filled.answers)
        return {
            name.removeprefix(_PHOTO): file_name(text)
            for name, text in told.items()
            if name.startswith(_PHOTO)
        }

    def measurements(self, filled: Filled) -> list[dict[str, str]]:
        """Fields of each, with what names the child; a row without a value measured nothing."""
        told = [_fields(self.feeds, PENGUKURAN, row) for row in _rows(filled, self.measured)]
        return [one for one in told if one.keys() - {CHILD}]

    @property
    def warnings(self) -> list[str]:
        """Groups that are fed in part: a group is stated whole, and the rest of it is cleared."""
        fed = {(one.entity, one.name) for one in self.feeds}
        told: list[str] = []
        for entity in (KELUARGA, ANGGOTA):
            for group in GROUPS[entity].values():
                asked = {name for name in group.fields if (entity, name) in fed}
                missing = sorted(n for n in set(group.fields) - asked if not n.endswith("_alasan"))
                if asked and missing and group.name != LOCATION:
                    told.append(f"{entity}.{group.name} is stated without {', '.join(missing)}")
        return told


def read_map(text: str) -> ConnectorMap:
    """Read a map. Raises `AppError` `value-refused`, saying where and what to do."""
    if len(text.encode()) > MAP_BYTES_MAX:
        raise _refused(f"it has more than {MAP_BYTES_MAX >> 10} KiB")
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise _refused(f"it is no TOML: {error}") from None
    try:
        return _checked(raw)
    except (AttributeError, KeyError, TypeError) as error:
        raise _refused(f"something is of another form than in the example ({error})") from None


def _checked(raw: Mapping[str, Any]) -> ConnectorMap:
    if unknown := sorted(raw.keys() - _KEYS):
        raise _refused(f"nobody knows {', '.join(unknown)}; known are {', '.join(sorted(_KEYS))}")
    questions = raw.get("questions", {})
    if not 1 <= len(questions) <= QUESTIONS_MAX:
        raise _refused(f"[questions] has 1 to {QUESTIONS_MAX} of them")
    feeds = tuple(_feeding(path, said) for path, said in questions.items())
    desa = raw.get("desa", "")
    fixed = desa.replace(".", "") if isinstance(desa, str) else ""
    if isinstance(desa, str) and not (fixed.isdecimal() and len(fixed) == _DESA_DIGITS):
        raise _refused("desa is a village's code of 10 digits, or names the question that says it")
    asked = desa if isinstance(desa, dict) else {}
    identity, by = _identity(raw.get("identity"), feeds)
    members = str(raw.get("members", "")).strip("/")
    measured = str(raw.get("measured", "")).strip("/")
    if not members and any(one.entity == ANGGOTA for one in feeds):
        raise _refused("it feeds anggota and names no repeat: members = …")
    if not measured and any(one.entity == PENGUKURAN for one in feeds):
        raise _refused("it feeds pengukuran and names no repeat: measured = …")
    _check_places(feeds, members, measured)
    if raw.get("unknown", "create") not in ("create", "hold"):
        raise _refused('unknown is "create" or "hold"')
    return ConnectorMap(
        desa=fixed,
        desa_question=str(asked.get("question", "")),
        desa_codes={str(k): str(v) for k, v in asked.get("codes", {}).items()},
        members=members,
        measured=measured,
        unknown="hold" if raw.get("unknown") == "hold" else "create",
        begun=str(raw.get("begun", "start")),
        observed=str(raw.get("observed", "")),
        identity=identity,
        identity_by=by,
        feeds=feeds,
    )


def _feeding(path: str, said: str | Mapping[str, Any]) -> Feeding:
    target = said if isinstance(said, str) else str(said["field"])
    codes = {} if isinstance(said, str) else said.get("codes", {})
    entity, _, name = target.partition(".")
    if entity not in _ENTITIES or name not in fields_told(entity):
        raise _refused(f"{path}: the register has no field {target}")
    known = FIELDS[entity].get(name)  # none for a place, a photograph or how somebody left
    listed = SLUGS[known.codelist] if known is not None and known.codelist else None
    if name == f"{END}:reason":
        listed = frozenset(EndReason)
    for slug in codes.values():
        if listed is not None and str(slug) not in listed:
            raise _refused(f"{path}: {target} has no choice {slug}")
    return Feeding(path.strip("/"), entity, name, {str(k): str(v) for k, v in codes.items()})


def _identity(said: Any, feeds: Sequence[Feeding]) -> tuple[str, By]:  # noqa: ANN401 (of a TOML file)
    if said is not None:
        if said["by"] not in _IDENTITIES:
            raise _refused('identity.by is "id", "no_kk" or "nik"')
        return str(said["question"]).strip("/"), said["by"]
    card = next((one for one in feeds if (one.entity, one.name) == (KELUARGA, "no_kk")), None)
    if card is None:
        raise _refused("nothing says which family it is: feed keluarga.no_kk, or name identity")
    return card.question, "no_kk"


def _check_places(feeds: Sequence[Feeding], members: str, measured: str) -> None:
    places = {ANGGOTA: members, PENGUKURAN: measured}
    repeats = {one for one in places.values() if one not in ("", ITSELF)}
    if any(one.startswith(f"{other}/") for one in repeats for other in repeats):
        raise _refused("members and measured are repeats beside each other")
    for one in feeds:
        around = next((r for r in repeats if one.question.startswith(f"{r}/")), "")
        wanted = places.get(one.entity, "")
        if around != ("" if wanted == ITSELF else wanted):
            raise _refused(
                f"{one.question}: what is asked in {around or wanted or 'a repeat'} is of a person"
            )
    named = [(one.entity, one.name) for one in feeds]
    if twice := sorted({f"{e}.{n}" for e, n in named if named.count((e, n)) > 1}):
        raise _refused(f"fed by two questions: {', '.join(twice)}")


def _is_photo(feeding: Feeding) -> bool:
    return feeding.entity == KUNJUNGAN and feeding.name.startswith(_PHOTO)


def _rows(filled: Filled, repeat: str) -> Sequence[Mapping[str, str]]:
    return (filled.answers,) if repeat == ITSELF else filled.rows.get(repeat, ())


def _fields(feeds: Sequence[Feeding], entity: str, answers: Mapping[str, str]) -> dict[str, str]:
    told = {f.name: f.read(answers[f.question]) for f in feeds if _is_asked(f, entity, answers)}
    return {name: text for name, text in told.items() if text}


def _is_asked(feeding: Feeding, entity: str, answers: Mapping[str, str]) -> bool:
    return feeding.entity == entity and feeding.question in answers


def _refused(why: str) -> AppError:
    return AppError("value-refused", f"The map cannot be used: {why}.")
