"""Small forms with the questions that a test needs, published straight into the tables.

`visit_form()` updates a family of the list with its members as a repeat, `new_family_form()` makes
one, `measuring_form()` weighs a child. Instances are written as JavaRosa writes them.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from xml.sax.saxutils import escape

from api.formats.xform.mapping import (
    Feed,
    FormKind,
    FormMapping,
    MappedList,
    MappedQuestion,
    MappedRepeat,
    Role,
)
from models.database import Database
from models.queries import forms

ROOT = "/data"
MEMBERS = "/data/anggota"
VERSION = "2026110101"
PLAIN_VERSION = "2026110102"
BEGUN = "2026-11-03T11:40:00.000+07:00"
KELUARGA_LIST = MappedList(
    "keluarga",
    ("nama_kepala_keluarga", "jenis_lantai_terluas", "luas_lantai", "perlu_perbaikan", "rt"),
)
ANGGOTA_LIST = MappedList("anggota", ("keluarga", "nama", "nik", "tanggal_lahir"))


def asks(path: str, entity: str, name: str, kind: str = "text") -> MappedQuestion:
    """A question that feeds one field."""
    return MappedQuestion(f"{ROOT}/{path}", kind, (Feed(entity, Role.FIELD, name),))


def feeds(path: str, entity: str, role: Role, name: str = "") -> MappedQuestion:
    return MappedQuestion(f"{ROOT}/{path}", "text", (Feed(entity, role, name),))


def of_member(name: str, role: Role = Role.FIELD, field_name: str | None = None) -> MappedQuestion:
    fed = Feed("anggota", role, name if field_name is None else field_name)
    return MappedQuestion(f"{MEMBERS}/{name}", "text", (fed,), MEMBERS)


_HOUSE = (
    asks("nama_kepala_keluarga", "keluarga", "nama_kepala_keluarga"),
    asks("telepon", "keluarga", "telepon"),
    asks("lantai", "keluarga", "jenis_lantai_terluas", "select_one"),
    asks("luas", "keluarga", "luas_lantai", "integer"),
    asks("hasil", "keluarga", "hasil"),
    asks("hasil_alasan", "keluarga", "hasil_alasan"),
    asks("program", "keluarga", "program", "select_multiple"),
    feeds("program_tampil", "keluarga", Role.SHOWN, "program"),
    feeds("lokasi", "keluarga", Role.LOCATION),
)
_VISIT = (
    asks("mulai", "kunjungan", "waktu", "start"),
    asks("selesai", "kunjungan", "durasi_s", "end"),
    feeds("hari", "keluarga", Role.OBSERVED),
    asks("catatan", "kunjungan", "catatan"),
    asks("hasil_kunjungan", "kunjungan", "hasil"),
    feeds("foto_rumah", "kunjungan", Role.PHOTO, "rumah"),
)
_PEOPLE = (
    of_member("id", Role.ID, ""),
    of_member("nama"),
    of_member("nik"),
    of_member("tanggal_lahir"),
    of_member("akhir", Role.END, "reason"),
    of_member("akhir_tanggal", Role.END, "date"),
)


@dataclass(frozen=True)
class Form:
    """A form with the mapping that would have come from its workbook."""

    mapping: FormMapping
    title: str
    xml: bytes = b""
    files: Mapping[str, bytes] = field(default_factory=dict)

    @property
    def md5(self) -> str:
        return hashlib.md5(self.xml, usedforsecurity=False).hexdigest()

    def of_version(self, version: str) -> "Form":
        xml = self.xml.replace(self.mapping.version.encode(), version.encode())
        return replace(self, mapping=replace(self.mapping, version=version), xml=xml)


def _form(mapping: FormMapping, title: str) -> Form:
    xml = (
        f'<?xml version="1.0"?><h:html xmlns:h="http://www.w3.org/1999/xhtml" '
        f'entities-version="2024.1.0"><h:head><h:title>{title}</h:title></h:head>'
        f'<data id="{mapping.form_id}" version="{mapping.version}"/></h:html>'
    )
    return Form(mapping, title, xml.encode())


def visit_form() -> Form:
    """Verify a family of the list."""
    questions = (feeds("keluarga", "keluarga", Role.ID), *_HOUSE, *_PEOPLE, *_VISIT)
    return _form(
        FormMapping(
            "verifikasi", VERSION, FormKind.UPDATE, ROOT, "keluarga", "2024.1", questions,
            (MappedRepeat(MEMBERS, "anggota"),), (KELUARGA_LIST, ANGGOTA_LIST),
        ),
        "Verifikasi",
    )  # fmt: skip


def new_family_form() -> Form:
    """Propose a family that is on no list."""
    place = (asks("rt", "keluarga", "rt"), asks("rw", "keluarga", "rw"))
    questions = (*place, *_HOUSE, *_PEOPLE, *_VISIT)
    return _form(
        FormMapping(
            "usulan", VERSION, FormKind.CREATE, ROOT, "keluarga", "2024.1", questions,
            (MappedRepeat(MEMBERS, "anggota"),), (KELUARGA_LIST,),
        ),
        "Usulan",
    )  # fmt: skip


def measuring_form() -> Form:
    """Weigh a child of the list."""
    questions = (
        feeds("anak", "anggota", Role.ID),
        asks("tanggal", "pengukuran", "tanggal"),
        asks("berat", "pengukuran", "berat_kg", "decimal"),
        asks("tinggi", "pengukuran", "tinggi_cm", "decimal"),
        asks("cara", "pengukuran", "cara_ukur"),
        feeds("hari", "pengukuran", Role.OBSERVED),
    )
    mapping = FormMapping(
        "pengukuran", VERSION, FormKind.MEASURE, ROOT, None, None, questions, (), (ANGGOTA_LIST,)
    )
    return _form(mapping, "Pengukuran")


def without_photographs(form: Form) -> Form:
    """A version of the form that asks for none: once it has come, nothing of it can come later."""
    questions = tuple(
        question
        for question in form.mapping.questions
        if all(feed.role is not Role.PHOTO for feed in question.feeds)
    )
    changed = form.of_version(PLAIN_VERSION)
    return replace(changed, mapping=replace(changed.mapping, questions=questions))


def publish(database: Database, form: Form, now: datetime, *, state: str = "published") -> None:
    """Put a form where phones find it."""
    mapping = form.mapping
    new = forms.NewVersion(
        form_id=mapping.form_id,
        version=mapping.version,
        state="draft" if state == "draft" else "published",
        kind=mapping.kind.value,
        title=form.title,
        xml=form.xml,
        md5=form.md5,
        mapping=mapping.to_json(),
        compact=b"{}",
        source=b"",
        entities_version=mapping.entities_version,
    )
    with database.writing() as session:
        forms.turn_to_publish(session, mapping.form_id, now)
        forms.put_version(session, new, form.files, now)
        if state == "published":
            forms.offer(session, mapping.form_id, mapping.version, now)
        if state == "closed":
            forms.offer(session, mapping.form_id, None, now)


@dataclass(frozen=True)
class Entity:
    """What the instance says of its entity."""

    record: str
    create: bool = False
    update: bool = False
    base: int | None = None
    trunk: int | None = None
    branch: str | None = None

    def xml(self) -> str:
        told = {"dataset": "keluarga", "id": self.record}
        told |= {"create": "1"} if self.create else {}
        if self.update:
            told |= {
                "update": "1",
                "baseVersion": "" if self.base is None else str(self.base),
                "trunkVersion": "" if self.trunk is None else str(self.trunk),
                "branchId": self.branch or "",
            }
        attributes = " ".join(f'{name}="{value}"' for name, value in told.items())
        return f"<entity {attributes}><label>x</label></entity>"


def instance(
    form: Form,
    instance_id: str,
    answers: Mapping[str, str],
    *,
    entity: Entity | None = None,
    members: Sequence[Mapping[str, str]] = (),
    replaces: str | None = None,
) -> bytes:
    """A filled form as JavaRosa serialises it."""
    body = "".join(f"<{name}>{escape(text)}</{name}>" for name, text in answers.items())
    for member in members:
        inner = "".join(f"<{name}>{escape(text)}</{name}>" for name, text in member.items())
        body += f"<anggota>{inner}</anggota>"
    old = f"<orx:deprecatedID>{replaces}</orx:deprecatedID>" if replaces else ""
    meta = f"<orx:instanceID>{instance_id}</orx:instanceID>{old}"
    if entity is not None:
        meta += entity.xml()
    return (
        "<?xml version='1.0' ?>"
        '<data xmlns:orx="http://openrosa.org/xforms" '
        'xmlns:jr="http://openrosa.org/javarosa" '
        f'id="{form.mapping.form_id}" version="{form.mapping.version}">'
        f"{body}<orx:meta>{meta}</orx:meta></data>"
    ).encode()
