"""What ODK Collect keeps of entity lists between two syncs, and what a finished form does to them.

Collect numbers rows itself while it is offline: `version` rises with every update made here,
`trunk` is the version that the server knew last, and `branch` names the chain that began there.
These three go out with the next update of the row; the server rebuilds the chain from them.
"""

import csv
import io
import uuid
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

ENTITIES: Final = "{http://www.opendatakit.org/xforms/entities}"
XFORMS: Final = "{http://www.w3.org/2002/xforms}"
_TRUE: Final = frozenset({"1", "true"})


@dataclass
class Entity:
    """Collect's local row: what it knows about one entity."""

    id: str
    label: str
    version: int
    trunk: int | None
    branch: str
    online: bool
    properties: dict[str, str]


@dataclass(frozen=True)
class Declared:
    """An entity declaration in a finished form. Numbers stay text: absent is empty."""

    dataset: str
    id: str
    label: str
    create: bool
    update: bool
    base_version: str
    trunk_version: str
    branch_id: str
    properties: dict[str, str]


@dataclass
class EntityStore:
    """The entity lists of one phone."""

    lists: dict[str, dict[str, Entity]] = field(default_factory=dict)

    def sync(self, name: str, served: str) -> None:
        """Collect's rules: a newer row overwrites, and an equally new one what was changed here."""
        rows = self.lists.setdefault(name, {})
        seen = set()
        for row in csv.DictReader(io.StringIO(served)):
            entity, label, version = row.pop("name"), row.pop("label"), int(row.pop("__version"))
            seen.add(entity)
            old = rows.get(entity)
            dirty = old is not None and old.version != old.trunk
            if old is None or old.version < version or (old.version == version and dirty):
                branch = str(uuid.uuid4())
                rows[entity] = Entity(entity, label, version, version, branch, True, row)
            elif old.version > version:
                old.online = True
        for gone in [one.id for one in rows.values() if one.online and one.id not in seen]:
            del rows[gone]

    def apply(self, declared: Declared) -> None:
        """What finishing a form changes on the phone at once."""
        rows = self.lists.setdefault(declared.dataset, {})
        old = rows.get(declared.id)
        if declared.update and old is not None:
            old.version += 1
            old.label = declared.label or old.label
            old.properties.update(declared.properties)
        elif declared.create and declared.label:
            branch = str(uuid.uuid4())
            properties = dict(declared.properties)
            rows[declared.id] = Entity(
                declared.id, declared.label, 1, None, branch, False, properties
            )

    def csv(self, name: str) -> str:
        """The list as the form engine sees it, with the two columns that only the phone has."""
        rows = list(self.lists.get(name, {}).values())
        columns = ["name", "label", "__version", "__trunkVersion", "__branchId"]
        columns += sorted({key for row in rows for key in row.properties})
        out = io.StringIO()
        writer = csv.DictWriter(out, columns, restval="", lineterminator="\n")
        writer.writeheader()
        for row in rows:
            own = {
                "name": row.id,
                "label": row.label,
                "__version": row.version,
                "__trunkVersion": "" if row.trunk is None else row.trunk,
                "__branchId": row.branch,
            }
            writer.writerow(own | row.properties)
        return out.getvalue()


def declared_entities(form_xml: str, instance_xml: str) -> Iterator[Declared]:
    """Entities of a finished form, each with the properties saved below its own container."""
    savetos = {
        str(bind.get("nodeset")): str(bind.get(f"{ENTITIES}saveto"))
        for bind in ET.fromstring(form_xml).iter(f"{XFORMS}bind")
        if bind.get(f"{ENTITIES}saveto")
    }
    root = ET.fromstring(instance_xml)
    yield from _walk(root, f"/{_local(root)}", None, savetos)


def _walk(
    node: ET.Element, path: str, owner: Declared | None, savetos: dict[str, str]
) -> Iterator[Declared]:
    declared = _declared(node)
    owner = declared or owner
    below: list[Declared] = []
    for child in node:
        if _local(child) == "meta":
            continue
        child_path = f"{path}/{_local(child)}"
        if child_path in savetos and owner is not None:
            owner.properties[savetos[child_path]] = child.text or ""
        below += _walk(child, child_path, owner, savetos)
    if declared is not None:
        yield declared
    yield from below


def _declared(node: ET.Element) -> Declared | None:
    meta = next((child for child in node if _local(child) == "meta"), None)
    if meta is None:
        return None
    entity = next((child for child in meta if _local(child) == "entity"), None)
    if entity is None:
        return None
    return Declared(
        dataset=entity.get("dataset", ""),
        id=entity.get("id", ""),
        label=next((child.text or "" for child in entity if _local(child) == "label"), ""),
        create=entity.get("create") in _TRUE,
        update=entity.get("update") in _TRUE,
        base_version=entity.get("baseVersion", ""),
        trunk_version=entity.get("trunkVersion", ""),
        branch_id=entity.get("branchId", ""),
        properties={},
    )


def _local(element: ET.Element) -> str:
    return element.tag.rsplit("}", 1)[-1]
