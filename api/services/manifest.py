"""What a phone has to know before it works: areas and lanes, fields and lists, and the limits."""

from datetime import datetime
from functools import lru_cache
from typing import Final

import orjson
from sqlmodel import Session

from api.security import Principal
from api.services.lanes import listed_lanes
from api.services.syncing import PROTOCOL
from api.settings import Settings
from api.shell import Shell
from models.queries import periods
from models.queries.areas import area_names
from models.queries.forms import FormSummary, current_summaries
from models.queries.server_state import epoch
from sync.codes import CODELISTS
from sync.permission import as_manifest
from sync.policy import FIELDS, GROUPS, SCHEMA_VERSION
from sync.types import Json

PERIODS_TOLD_MAX: Final = 20


def manifest(session: Session, shell: Shell, principal: Principal) -> dict[str, object]:
    """Everything but the time, which would make every manifest a new one."""
    now = shell.now()
    lanes = listed_lanes(session, principal.device_id or "", principal.scope, now)
    return {
        "protocol": {"min": PROTOCOL, "max": PROTOCOL},
        "schema": SCHEMA_VERSION,
        "epoch": epoch(session),
        "account": {"name": principal.name, "role": str(principal.role)},
        "scope": _scope(session, principal, now),
        "scope_version": principal.scope.version,
        "lanes": lanes,
        "periods": _periods(session, principal, {str(lane["desa"]) for lane in lanes}),
        "timezone": shell.settings.timezone,
        "limits": limits_of(shell.settings),
        "permissions": as_manifest()[str(principal.role)],
        "forms": [_form(one) for one in current_summaries(session)],
        "fields": orjson.Fragment(_fields()),
        "groups": orjson.Fragment(_groups()),
        "codelists": orjson.Fragment(_codelists()),
    }


def limits_of(settings: Settings) -> dict[str, Json]:
    """What one request may carry, in the names that clients read."""
    return {
        "operations_per_push": settings.operations_per_push_max,
        "push_bytes": settings.push_bytes_max,
        "decompression_ratio": settings.decompression_ratio_max,
        "pull_page_bytes": settings.pull_page_bytes_max,
        "ids_per_request": settings.records_per_request_max,
        "scope_stale_days": settings.scope_stale_days_max,
    }


def _scope(session: Session, principal: Principal, now: datetime) -> list[Json]:
    grants = [grant for grant in principal.scope.grants if grant.open_at(now)]
    names = area_names(session, [grant.kode_wilayah for grant in grants])
    return [
        {
            "kode_wilayah": grant.kode_wilayah,
            "nama": names.get(grant.kode_wilayah),
            "rt": None if grant.rts is None else list[Json](sorted(grant.rts)),
        }
        for grant in grants
    ]


def _periods(session: Session, principal: Principal, desas: set[str]) -> list[Json]:
    """When this account's role may do its part, so that a phone knows what "now" belongs to."""
    told: list[Json] = []
    for one in periods.covering(session, desas, PERIODS_TOLD_MAX):
        window = one.roles.get(principal.role, one.window)
        opens, closes = window.opens.isoformat(), window.closes.isoformat()
        told.append({"period": one.id, "area": one.area, "opens": opens, "closes": closes})
    return told


def _form(form: FormSummary) -> Json:
    """Where to find a form: `/v1/forms/{id}/{version}.json`."""
    return {
        "id": form.form_id,
        "version": form.version,
        "title": form.title,
        "kind": form.kind,
        "md5": form.md5,
    }


@lru_cache(maxsize=1)
def _fields() -> bytes:
    """The table of fields, one object a row, in the order of the table."""
    return orjson.dumps(
        [
            {
                "entity": entity,
                "field": name,
                "group": known.group,
                "class": str(known.field_class),
                "type": str(known.value_type),
                "codelist": known.codelist,
                "sensitive": known.sensitive,
            }
            for entity, fields in FIELDS.items()
            for name, known in fields.items()
        ]
    )


@lru_cache(maxsize=1)
def _groups() -> bytes:
    """Entity → merge group → its class and fields; the pseudo groups are asked about, too."""
    return orjson.dumps(
        {
            entity: {
                name: {"class": str(known.field_class), "fields": known.fields}
                for name, known in groups.items()
            }
            for entity, groups in GROUPS.items()
        }
    )


@lru_cache(maxsize=1)
def _codelists() -> bytes:
    """Every list with its labels in Indonesian and English."""
    return orjson.dumps(
        {
            list_id: {
                "instrument": codelist.instrument,
                "version": codelist.version,
                "codes": [
                    {"code": code.slug, "id": code.label_id, "en": code.label_en}
                    for code in codelist.codes
                ],
            }
            for list_id, codelist in CODELISTS.items()
        }
    )
