"""What the double tells a device: rows after a cursor, and digests over all of them."""

from lokus_client.digest import digest_text

from tests.clients.double import GROUPS, Device, Double, Object, Record


def visible(double: Double, device: Device, desa: str, record: Record) -> bool:
    rts = device.scope.get(desa, [])
    return rts is None or double.village(desa).rt(record) in rts


def rows_after(double: Double, device: Device, desa: str, since: int, at: int) -> list[Object]:
    """Every row after ``at`` that the device has to know of, in ascending seq."""
    found = [
        row
        for record in double.village(desa).records.values()
        if (row := _row(double, device, desa, record, (since, at))) is not None
    ]
    return sorted(found, key=lambda row: int(row["seq"]))


def _row(
    double: Double, device: Device, desa: str, record: Record, cursor: tuple[int, int]
) -> Object | None:
    since, at = cursor
    if visible(double, device, desa, record):
        return row_of(record, since) if record.seq > at else None
    rts = device.scope.get(desa)
    left = max((seq for rt, seq in record.left.items() if rts and rt in rts), default=0)
    place = {"entity": record.entity, "id": record.id, "seq": left, "leave": True}
    return place if left > at else None


def digests(double: Double, device: Device, desa: str) -> dict[str, str]:
    by_rt: dict[str, list[tuple[str, int]]] = {}
    for record in double.village(desa).records.values():
        if visible(double, device, desa, record):
            by_rt.setdefault(double.village(desa).rt(record), []).append((record.id, record.seq))
    return {rt: digest_text(rows) for rt, rows in by_rt.items()}


def changed_since(double: Double, desa: str, rt: str, at: int) -> bool:
    village = double.village(desa)
    return any(
        (record.seq > at and village.rt(record) == rt) or record.left.get(rt, 0) > at
        for record in village.records.values()
    )


def row_of(record: Record, since: int) -> Object:
    row: Object = {"entity": record.entity, "id": record.id, "seq": record.seq}
    if record.alias is not None:
        return {**row, "alias": record.alias}
    if record.review:
        row["review"] = record.review
    if record.end is not None:
        row["end"] = record.end
    if record.created > since or record.entered > since:
        whole = {**row, "doc": record.fields}
        return whole if record.parent is None else {**whole, "parent": record.parent}
    stamped = {group for group, (seq, _) in record.stamps.items() if seq > since}
    if "parent" in stamped:
        row["parent"] = record.parent
    names = [n for (entity, n), g in GROUPS.items() if entity == record.entity and g in stamped]
    return {**row, "set": {name: record.fields.get(name) for name in names}}
