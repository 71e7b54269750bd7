"""A published form as compact JSON: what any other client needs to run it, and no XML, no XPath.

{
  "format": 1, "id", "version", "title", "kind", "root", "languages": ["id", "en"],
  "lists": {"keluarga": ["alamat", …]},       entity lists, with the columns that the form reads
  "choices": {"ya_tidak": [{"name", "label"}]},
  "nodes": [{"path", "type", "relevant"?, "required"?, "readonly"?, "constraint"?, "calculate"?,
             "constraint_message"?, "required_message"?, "default"?, "preload"?, "save_to"?,
             "feeds"?}],
  "actions": [{"on": "load" | "new-repeat" | "choose", "of"?, "path", "value"}],
  "pages": [page],
  "functions": ["coalesce", …]                what its expressions call: a client that lacks one
}                                             says so before anybody begins

A page is `{"questions": [question], "path"?, "title"?}`: what stands on one screen; with `path`, a
group that is relevant or not as a whole. A repeat is `{"repeat": path, "count"?, "title"?,
"pages": [page]}`. A question is `{"path", "control", "label", "hint"?, "appearance"?, "choices"?}`
with `"choices": {"list", "where"?, "value"?, "label"?}`: choices of an entity list name the columns
of value and label, those of the form itself have theirs under "choices".

Labels are `{language: [part]}`, each part words or an expression; expressions are the trees of
`sync.expressions.as_json`. Nodes stand in the order of the instance, `meta` and its entity too.
Titles of groups around a page are the page's title, unless it has one.
"""

from collections.abc import Iterator
from typing import Final

import orjson

from api.formats.xform.definition import Action, Control, Definition, Translated
from api.formats.xform.mapping import FormMapping
from sync.expression_parser import parse
from sync.expressions import as_json
from sync.types import Json

FORMAT: Final = 1
_NAMES: Final = {"input": "input", "select1": "select-one", "select": "select-many"}
_ALWAYS: Final = "true()"


def compact(form: Definition, mapping: FormMapping) -> bytes:
    """The form's JSON; the same form gives the same bytes. Raises `ExpressionError`."""
    told: dict[str, Json] = {
        "format": FORMAT,
        "id": mapping.form_id,
        "version": mapping.version,
        "title": form.title,
        "kind": mapping.kind.value,
        "root": mapping.root,
        "languages": list(form.languages),
        "entities_version": mapping.entities_version,
        "lists": {one.name: list(one.properties) for one in mapping.lists},
        "choices": {
            listed: [{"name": choice.name, "label": _text(choice.label)} for choice in choices]
            for listed, choices in form.choices.items()
        },
        "nodes": [_node(path, form, mapping) for path in form.nodes],
        "actions": [_action(action) for action in form.actions],
        "pages": [*_pages(form.controls, {})],
    }
    return orjson.dumps({**told, "functions": sorted(set(_called(told)))})


def _called(told: Json) -> Iterator[str]:
    """Every function that some expression calls."""
    if isinstance(told, dict):
        if isinstance(function := told.get("call"), str):
            yield function
        for inside in told.values():
            yield from _called(inside)
    elif isinstance(told, list):
        for inside in told:
            yield from _called(inside)


def _node(path: str, form: Definition, mapping: FormMapping) -> Json:
    node: dict[str, Json] = {"path": path}
    bind = form.binds.get(path)
    if path in form.defaults:
        node["default"] = form.defaults[path]
    if bind is not None:
        node["type"] = bind.type
        for name, text in bind.expressions.items():
            node[name] = True if text == _ALWAYS else as_json(parse(text))
        for name, message in bind.messages.items():
            node[f"{name}_message"] = _text(message)
        if bind.preload:
            node["preload"] = bind.preload
        if bind.save_to:
            node["save_to"] = bind.save_to
    question = mapping.question(path)
    if question is not None:
        node["feeds"] = [
            {"entity": feed.entity, "role": feed.role.value, "name": feed.name}
            for feed in question.feeds
        ]
    return node


def _action(action: Action) -> Json:
    told: dict[str, Json] = {"on": action.event, "path": action.path}
    if action.of:
        told["of"] = action.of
    told["value"] = as_json(parse(action.value))
    return told


def _pages(controls: tuple[Control, ...], title: Translated) -> Iterator[Json]:
    for control in controls:
        if control.kind == "repeat":
            told: dict[str, Json] = {"repeat": control.path}
            if control.count:
                told["count"] = as_json(parse(control.count))
            yield told | _titled(control.label or title) | {"pages": [*_pages(control.inside, {})]}
        elif control.kind != "group":
            yield {**_titled(title), "questions": [_question(control)]}
        elif "field-list" in control.appearance.split():
            questions: list[Json] = [*_questions(control)]
            yield {
                "path": control.path,
                **_titled(control.label or title),
                "questions": questions,
            }
        else:
            yield from _pages(control.inside, control.label or title)


def _titled(title: Translated) -> dict[str, Json]:
    return {"title": _text(title)} if title else {}


def _questions(control: Control) -> Iterator[Json]:
    """Everything on one screen, whatever groups it stands in."""
    for inside in control.inside:
        if inside.kind in {"group", "repeat"}:
            yield from _questions(inside)
        else:
            yield _question(inside)


def _question(control: Control) -> Json:
    told: dict[str, Json] = {
        "path": control.path,
        "control": _NAMES.get(control.kind, control.kind),
        "label": _text(control.label),
    }
    if control.hint:
        told["hint"] = _text(control.hint)
    if control.appearance:
        told["appearance"] = control.appearance
    told |= dict(sorted(control.attributes.items()))
    if control.items is not None:
        choices: dict[str, Json] = {"list": control.items.listed}
        if not control.items.label.startswith("jr:itext("):
            choices |= {"value": control.items.value, "label": control.items.label}
        if control.items.where:
            choices["where"] = as_json(parse(control.items.where))
        told["choices"] = choices
    return told


def _text(text: Translated) -> Json:
    return {language: _parts(parts) for language, parts in text.items()}


def _parts(parts: tuple[str, ...]) -> list[Json]:
    told: list[Json] = []
    for place, part in enumerate(parts):
        if place % 2:
            told.append(as_json(parse(part)))
        elif part:
            told.append(part)
    return told
