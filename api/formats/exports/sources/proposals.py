"""Who is proposed for which programme: the rules of the usulan upload.

As its operators' tool states them (usulan template V.4, 2022): for programmes of a card only the
*pengurus* is proposed, and one programme per card; state-paid insurance (PBI) is per person; a new
household lists all of its members, a household that is on the list only the member who is missing
there. That the other members of a new household are listed under NON BANSOS, and that BST counts
as a programme of a card, is our reading; both are data of the profile.
"""

from collections.abc import Iterator
from typing import Final

from api.formats.exports.profile import FileSpec, Program, Rules
from api.formats.exports.row import ExportVillage, Row
from api.formats.exports.sources.people import in_order
from api.formats.exports.standing import elements, is_eligible, is_present, pengurus_of
from sync.codes import CODELISTS
from sync.frozen import FrozenFamily, FrozenMember
from sync.types import Json

PROPOSAL_FIELDS: Final = frozenset(
    {"program", "program_lain", "keluarga_baru", "tanpa_pengurus", "disabilitas"}
)
PROGRAM_CODES: Final = {
    code.slug: code.source_code or code.slug for code in CODELISTS["usulan_program"].codes
}
_PBI: Final = "pbi"


def proposals(export: ExportVillage, spec: FileSpec) -> Iterator[Row]:
    """One row for each person who is proposed for a programme."""
    rules = spec.rows
    for family in export.village.families:
        if is_eligible(family, rules.desil_max):
            yield from _of_family(export, family, rules)


def _of_family(export: ExportVillage, family: FrozenFamily, rules: Rules) -> Iterator[Row]:
    asked = set(elements(family.doc, "program_diusulkan"))
    living = [member for member in in_order(family) if is_present(member)]
    listed_already: FrozenMember | None = None
    of_card = _of_card(family, rules, asked)
    if of_card:
        listed_already = pengurus_of(living, rules.pengurus, export.day)
        others = [PROGRAM_CODES[program] for program in of_card[1:]]
        yield _row(export, family, listed_already, of_card[0], others)
    for program in rules.per_person:
        if program in asked:
            yield from (
                _row(export, family, member, program)
                for member in living
                if not _has(member, program)
            )
    newcomers = [one for one in living if not (family.listed and one.listed)]
    for program in _of_household(rules, asked, registers=bool(newcomers)):
        for member in newcomers:
            if member is not listed_already:
                yield _row(export, family, member, program)


def _of_card(family: FrozenFamily, rules: Rules, asked: set[str]) -> list[Program]:
    """The programmes of which the card may get one, the one to propose first."""
    has = set(elements(family.doc, "program"))
    return [one for one in rules.one_per_card if one in asked and one not in has]


def _of_household(rules: Rules, asked: set[str], *, registers: bool) -> Iterator[Program]:
    """Programmes under which whoever is not on the list is listed."""
    for program in rules.programmes:
        if program in rules.one_per_card or program in rules.per_person:
            continue
        if program in asked or (registers and program == rules.registers_with):
            yield program


def _has(member: FrozenMember, program: Program) -> bool:
    is_insured = program == _PBI and (
        member.doc.get("pbi_nas") is True or member.doc.get("pbi_pemda") is True
    )
    return is_insured or program in elements(member.doc, "program")


def _row(
    export: ExportVillage,
    family: FrozenFamily,
    member: FrozenMember | None,
    program: Program,
    others: list[str] | None = None,
) -> Row:
    baris: dict[str, Json] = {
        "program": PROGRAM_CODES[program],
        "program_lain": [*(others or ())],
        "keluarga_baru": not family.listed,
        "tanpa_pengurus": member is None,
        # Nothing said about a disability is a NO here: the upload knows no third answer.
        "disabilitas": "YA" if member and elements(member.doc, "disabilitas") else "TIDAK",
    }
    return Row(export.place, family, member, program=PROGRAM_CODES[program], baris=baris)
