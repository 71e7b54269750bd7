"""A form that states an RT as done: to the round of its village, in its collector's name.

It feeds no record. The statement is made in the transaction that stores the form, by the same
service as from the app; what the round refuses is kept, held, and told to the collector in words.
A phone that hears anything but "taken" sends for ever, so nothing here refuses the form itself.
"""

from dataclasses import dataclass
from typing import Final

from sqlmodel import Session

from api.errors import AppError
from api.formats.xform.mapping import FormMapping
from api.formats.xform.rt_stated import RtTold, rt_stated
from api.formats.xform.submission import Instance
from api.services.reviewers import Reviewer
from api.services.rt_statements import state_rt, withdraw_rt
from api.services.submitting_places import CONNECTOR_LINEAGE, Collector, Village
from models.queries.scoping import Sight
from sync.types import Json

_HELD: Final = "Diterima, tetapi pernyataan RT selesai belum berlaku: {}. Operator memeriksanya."
_WHY: Final = {
    "round-elsewhere": "tahapnya sudah lewat, musyawarah sudah dibuka",
    "village-locked": "periode belum dibuka atau sudah ditutup",
    "not-permitted": "peran Anda tidak boleh menyatakannya",
    "device-revoked": "akses ponsel ini sudah dicabut",
    "not-found": "RT itu bukan wilayah tugas Anda",
    "not-found-period": "periode itu tidak ada untuk desa ini",
    "not-found-rt": "tidak ada keluarga pada daftar RT itu",
    "form-incomplete": "RT atau periodenya tidak terbaca",
}
STILL_HELD: Final = "Sudah diterima sebelumnya; pernyataan RT selesai menunggu operator."
NOT_HIS: Final = _HELD.format(_WHY["not-found"])


@dataclass(frozen=True, slots=True)
class Unstated:
    """Why the round does not take it: a stable code, and words in English for who decides."""

    code: str
    detail: str

    @property
    def key(self) -> str:
        """What the held form waits for: nothing that comes by itself."""
        return f"rt:{self.code}"

    @property
    def words(self) -> str:
        """For the collector."""
        return _HELD.format(_WHY.get(self.code, self.code))


def state_by_form(
    session: Session,
    village: Village,
    collector: Collector,
    instance: Instance,
    mapping: FormMapping,
) -> str | Unstated:
    """Do what the form says, and the words for its collector; or why that cannot be done.

    The village's turn is held. A refusal has written nothing.
    """
    told = rt_stated(instance, mapping)
    if told is None or told.desa != village.desa:
        return Unstated("form-incomplete", "It names no RT of its village, or no period.")
    if collector.revoked:
        return Unstated("device-revoked", "The phone was revoked, or its account disabled.")
    try:
        return _done(session, _in_the_name_of(collector, village), told)
    except AppError as refused:
        missing: Json = refused.extra.get("missing")
        code = f"{refused.code}-{missing}" if missing else refused.code
        if code == "not-found-statement":
            # Nobody states it: that is what the form asks for.
            return _taken_back(told)
        return Unstated(code, refused.detail)


def _done(session: Session, speaker: Reviewer, told: RtTold) -> str:
    if not told.done:
        withdraw_rt(session, speaker, told.desa, told.period, told.rt, told.note)
        return _taken_back(told)
    stated = state_rt(session, speaker, told.desa, told.period, told.rt, told.note)
    return (
        f"Diterima. RT {told.rt} dinyatakan selesai untuk periode {told.period}: "
        f"{stated.families} keluarga, {stated.lacking} belum ada hasil."
    )


def _taken_back(told: RtTold) -> str:
    return f"Diterima. RT {told.rt} tidak dinyatakan selesai untuk periode {told.period}."


def _in_the_name_of(collector: Collector, village: Village) -> Reviewer:
    is_phone = not collector.device_id.startswith(CONNECTOR_LINEAGE)
    return Reviewer(
        collector.account_id,
        collector.role,
        Sight(collector.scope, village.now),
        village.ground,
        village.randomness,
        collector.device_id if is_phone else None,
    )
