"""Forms on the wire: which there are. The forms themselves go out as they are stored."""

from datetime import datetime
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict

from models.queries.forms import FormSummary


class FormView(BaseModel):
    """A form that phones are offered."""

    model_config = ConfigDict(frozen=True)

    id: str
    version: str
    title: str
    kind: Literal["update", "create", "measure"]
    md5: str
    """Of the XForm's bytes."""
    entities_version: str | None
    """The specification of ODK entities that it needs; null: none."""
    published_at: datetime

    @classmethod
    def of(cls, form: FormSummary) -> Self:
        return cls.model_validate(
            {
                "id": form.form_id,
                "version": form.version,
                "title": form.title,
                "kind": form.kind,
                "md5": form.md5,
                "entities_version": form.entities_version,
                "published_at": form.published_at,
            }
        )


class FormList(BaseModel):
    """All of them, by id."""

    model_config = ConfigDict(frozen=True)

    forms: list[FormView]
