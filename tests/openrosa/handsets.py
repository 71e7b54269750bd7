"""Phones in the field: one of the two real engines fills, the double of Collect fetches and sends.

Nothing goes to an engine that did not come through the server's door: the form is the one that was
downloaded, the entity lists are those that its manifest named.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path

from api.cli.form import let_in_what_came_before
from api.cli.office import Office
from api.formats.xform.answers import value_of
from api.services.publishing import ExaminedForm, examine, publish
from clients.odk.build import PLACE
from models.queries import submissions
from sync.policy import FIELDS, FieldClass
from sync.types import Json
from tests.api.calling import Answer as HttpAnswer
from tests.api.village import assert_sound
from tests.odk.javarosa import Answer, Filled
from tests.odk.phones import AnyPhone, phone_with
from tests.odk.village import CHILD, FAMILY, HEAD, HOUSE, NOTHING_WRONG, TODDLER, WOMAN
from tests.openrosa.collect import Caller, Collect, FilledForm, LocalForm
from tests.openrosa.field import Field, Key, the_field
from tests.openrosa.parsing import ListedForm

VISIT_FORM = "verifikasi_keluarga"
VISIT_FORM_2025 = "verifikasi_keluarga_2025"
NEW_FAMILY_FORM = "usulan_keluarga_baru"
NEW_FAMILY_FORM_2025 = "usulan_keluarga_baru_2025"
MEASURING_FORM = "pengukuran_balita"
VISIT: Mapping[str, Answer] = dict(NOTHING_WRONG)
NEWBORN: Mapping[str, Answer] = {
    "anggota_tambahan": 1,
    "daftar_anggota[3]/nama": "ADI CONTOH",
    "daftar_anggota[3]/nik_alasan": "bayi, belum punya KK",
    "daftar_anggota[3]/tanggal_lahir": date(2026, 10, 1),
    "daftar_anggota[3]/jenis_kelamin": "laki_laki",
    "daftar_anggota[3]/hubungan_keluarga": "anak",
    "daftar_anggota[3]/disabilitas": ["tidak_ada"],
    "daftar_anggota[3]/penyakit_kronis": ["tidak_ada"],
    "daftar_anggota[3]/kondisi_gizi": "tidak_tahu",
    "daftar_anggota[3]/program_anggota": ["tidak_ada"],
}
OUR_FORMS = (VISIT_FORM, NEW_FAMILY_FORM, MEASURING_FORM)


@cache
def examined(name: str) -> ExaminedForm:
    """A workbook of this repository, converted once per process."""
    return examine((PLACE / f"{name}.xlsx").read_bytes(), {}, java=None)


class LineBroke(Exception):
    """No answer came; whether the request arrived, the phone cannot know."""


@dataclass
class Line:
    """The way to the server. It carries everything until it is told to break."""

    carry: Caller
    posts_until_cut: int | None = None
    """So many more forms get through in whole; nothing gets through after them."""
    loses_next_answer: bool = False

    def __call__(
        self,
        method: str,
        target: str,
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
    ) -> HttpAnswer:
        if method == "POST" and self.posts_until_cut is not None:
            if self.posts_until_cut == 0:
                raise LineBroke
            self.posts_until_cut -= 1
        answer = self.carry(method, target, body, headers)
        if method == "POST" and self.loses_next_answer:
            self.loses_next_answer = False
            raise LineBroke
        return answer


@dataclass
class Handset:
    """One phone of one person."""

    opened: Field
    key: Key
    engine: AnyPhone
    collect: Collect
    line: Line
    wants: tuple[str, ...] = OUR_FORMS
    """Of the forms on offer, those that its owner has downloaded."""
    filled: list[Filled] = field(default_factory=list)

    def sync(self) -> None:
        """Fetch the forms and whatever their manifests name."""
        for listed in self.collect.form_list():
            if listed.form_id in self.wants:
                self.collect.download(listed)

    def fill(self, form_id: str, answers: Mapping[str, Answer], **more: Answer) -> FilledForm:
        """Fill a form that is on the phone, and finish it."""
        return self._finished(self.engine.fill(self.form(form_id), {**answers, **more}))

    def edit(self, record: FilledForm, answers: Mapping[str, Answer]) -> FilledForm:
        """Open a form again that was sent, change answers, and finish it once more."""
        form = self.form(_form_of(record.xml))
        return self._finished(self.engine.fill(form, answers, edited=record.xml))

    def carry(self, form: ExaminedForm) -> None:
        """Have a form that this server never offered, as a phone from elsewhere has it."""
        mapping = form.checked.mapping
        listed = ListedForm(mapping.form_id, mapping.version, form.checked.title, None, "", None)
        for key in [key for key in self.collect.forms if key[0] == mapping.form_id]:
            del self.collect.forms[key]
        self.collect.forms[mapping.form_id, mapping.version] = LocalForm(listed, form.xml)

    def form(self, form_id: str) -> bytes:
        (xml,) = [one.xml for (name, _), one in self.collect.forms.items() if name == form_id]
        return xml

    def _finished(self, filled: Filled, files: Mapping[str, bytes] | None = None) -> FilledForm:
        self.filled.append(filled)
        return self.collect.finish(filled.xml, files)

    def send(self, record: FilledForm) -> str:
        """Send one form; what its state on the phone is afterwards."""
        self.opened.world.clock.advance(timedelta(seconds=1))
        with suppress(LineBroke):
            self.collect.send(record)
        return record.state

    def send_all(self) -> None:
        """Whatever has not been sent, in the order in which it was finished."""
        for record in self.collect.records:
            if record.state != "submitted":
                self.send(record)

    def row(self, listed: str, record: str) -> dict[str, str]:
        """An entity as the phone has it."""
        return self.collect.store.lists[listed][record].properties

    @property
    def last(self) -> Filled:
        return self.filled[-1]


def handset(opened: Field, key: Key, engine: str, folder: Path, *wants: str) -> Handset:
    """A phone that has scanned its code and fetched everything once."""
    line = Line(opened.world.call)
    collect = Collect(line, key.url)
    phone = phone_with(engine, folder, collect.store)
    made = Handset(opened, key, phone, collect, line, wants or OUR_FORMS)
    made.sync()
    return made


@contextmanager
def real_field(url: str, folder: Path, *names: str) -> Iterator[Field]:
    """A field with our own forms and a family whose every question has been answered before."""
    with the_field(url, folder) as opened:
        opened.world.clock.set(datetime.now(UTC))
        for name in names or OUR_FORMS:
            publish_form(opened, examined(name))
        budi = opened.budi
        budi.sync(
            [
                budi.create(FAMILY, **_known("keluarga", HOUSE)),
                budi.add_member(HEAD, FAMILY, **_known("anggota", WOMAN)),
                budi.add_member(CHILD, FAMILY, **_known("anggota", TODDLER)),
            ]
        )
        ((account,),) = opened.world.ask("SELECT id FROM account WHERE name = 'ani'")
        opened.key = opened.phone_of(account)
        yield opened


def publish_form(opened: Field, form: ExaminedForm) -> int:
    """Offer a form to phones; how many that had come before it came in with it."""
    world = opened.world
    with world.database.writing() as session:
        done = publish(session, form, {}, world.act())
    office = Office(world.settings, world.database, world.clock, world.randomness)
    return let_in_what_came_before(office, done.form_id, done.version)


def of_version(form: ExaminedForm, version: str) -> ExaminedForm:
    """The same form with another version."""
    mapping = form.checked.mapping
    told = f'version="{mapping.version}"'.encode()
    assert told in form.xml
    checked = replace(form.checked, mapping=replace(mapping, version=version))
    return replace(
        form, checked=checked, xml=form.xml.replace(told, f'version="{version}"'.encode())
    )


def assert_nothing_lost(opened: Field, *phones: Handset, visits: int) -> None:
    """Every form is there once, byte for byte, and merged; nobody and no visit is there twice.

    And the register is what the merge makes of the log, replayed from its beginning.
    """
    finished = [one.xml for phone in phones for one in phone.collect.records]
    places = opened.world.ask("SELECT desa, id FROM submission")
    with opened.world.database.reading() as session:
        kept = [submissions.xml_of(session, desa, one) for desa, one in places]
    assert sorted(kept) == sorted(finished)
    assert opened.states() == ["merged"] * len(finished)
    assert opened.world.count("quarantine") == 0
    assert len(opened.documents("kunjungan")) == visits
    niks = [one["nik"] for one in opened.documents("anggota") if one.get("nik")]
    assert len(niks) == len(set(niks))
    assert_sound(opened.world)


def _form_of(xml: bytes) -> str:
    beginning = xml[xml.index(b'id="') + 4 :]
    return beginning[: beginning.index(b'"')].decode()


def _known(entity: str, told: Mapping[str, str]) -> dict[str, Json]:
    fields = FIELDS[entity]
    values = {
        name: value_of(fields[name], text)
        for name, text in told.items()
        if name in fields and fields[name].field_class is not FieldClass.SERVER and text
    }
    return {name: value for name, value in values.items() if value is not None}
