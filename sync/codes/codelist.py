"""What a code list is: answers with a slug of Lokus' own, labels in two languages, and a source.

Every instrument numbers the same answers differently (a roof of code 8 is bamboo in BDT and
"other" in Regsosek), so the register keeps slugs and never a bare number. A slug comes from the
Indonesian label, lower case and ASCII, shortened where the label is a sentence; it never changes
its meaning. Imports, forms and exports translate and keep (instrument, version, code) in history.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Code:
    """One answer. `source_code` is the instrument's own code; None where none is published."""

    slug: str
    label_id: str
    label_en: str
    source_code: str | None = None


@dataclass(frozen=True, slots=True)
class CodeList:
    """The answers to one question in the order of the instrument.

    `version` is the instrument's; empty where it has none.
    """

    id: str
    instrument: str
    version: str
    codes: tuple[Code, ...]
