"""A client of the compact JSON: fills a form in Python, as any other client would have to.

It has no XML and no XPath, only what `GET /v1/forms/{id}/{version}.json` gives and the reference
evaluator, so whatever it does like JavaRosa every client can. It recomputes everything after each
answer until nothing changes any more, which is slow and plainly right.
"""

import csv
import io
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final, TypeAlias

from sync.expression_values import Surroundings, Value, day, number, text, truth_in, value_in
from sync.expressions import Expression
from tests.odk.javarosa import Answer, Asked, NeverAsked, Refused
from tests.odk.trees import read_tree

ROUNDS_MAX: Final = 60
REPEATS_MAX: Final = 100
Tree: TypeAlias = dict[str, Any]


class Kept:
    """No answer was given: what stood there stays."""


KEPT: Final = Kept()


@dataclass(frozen=True)
class Question:
    """What somebody has before their eyes, and which kind of answer fits."""

    asked: Asked
    control: str
    type: str


@dataclass(eq=False)
class Item:
    """A row of an entity list, one of its columns, or what is above them."""

    name: str
    parent: "Item | None" = None
    children: list["Item"] = field(default_factory=list)
    value: Value = ""


@dataclass(eq=False)
class Answered:
    """A node of the instance."""

    name: str
    path: str
    parent: "Answered | None"
    node: Tree
    children: list["Answered"] = field(default_factory=list)
    stored: str = ""
    relevant: bool = True

    @property
    def is_relevant(self) -> bool:
        return self.relevant and (self.parent is None or self.parent.is_relevant)

    @property
    def value(self) -> Value:
        if not self.is_relevant or self.stored == "":
            return ""
        kind = self.node.get("type", "string")
        if kind in {"int", "integer", "decimal"}:
            return number(self.stored)
        return day(self.stored) if kind == "date" else self.stored


class Filling:
    """One form being filled."""

    def __init__(
        self,
        form: Tree,
        lists: Mapping[str, str],
        now: datetime,
        new_id: Callable[[], str],
    ) -> None:
        self.form, self.now, self.new_id = form, now, new_id
        self.nodes: dict[str, Tree] = {node["path"]: node for node in form["nodes"]}
        self.trees = {
            path: {
                name: read_tree(node[name])
                for name in ("relevant", "required", "constraint", "calculate", "readonly")
                if name in node and node[name] is not True
            }
            for path, node in self.nodes.items()
        }
        self.counts = dict(_counts(form["pages"]))
        self.sets = set(_sets(form["pages"]))
        self.lists = {name: _list(served) for name, served in lists.items()}
        self.root = Answered(form["root"], f"/{form['root']}", None, {})
        self.document = Answered("", "", None, {}, [self.root])
        self.root.parent = self.document
        self._grow(self.root)
        self._act("load")
        self.settle()

    def _grow(self, around: Answered) -> None:
        prefix = f"{around.path}/"
        for path, node in self.nodes.items():
            name = path.removeprefix(prefix)
            if path.startswith(prefix) and "/" not in name and path not in self.counts:
                grown = Answered(name, path, around, node, [], node.get("default", ""))
                around.children.append(grown)
                self._grow(grown)

    def here(self, node: Answered) -> Surroundings:
        return Surroundings(self.document, node, node, self.lists, self.now, self.new_id)

    def settle(self) -> None:
        """Recompute relevance, calculations and repeats until nothing changes any more."""
        for _ in range(ROUNDS_MAX):
            if not self._changed():
                return
        raise AssertionError("the form never settles")

    def _changed(self) -> bool:
        changed = False
        for node in list(_everything(self.root)):
            trees = self.trees.get(node.path, {})
            if "relevant" in trees:
                relevant = truth_in(trees["relevant"], self.here(node))
                changed |= relevant is not node.relevant
                node.relevant = relevant
            if "calculate" in trees:
                said = self._kept(node, trees["calculate"])
                changed |= said != node.stored
                node.stored = said
        return self._repeats_changed() or changed

    def _repeats_changed(self) -> bool:
        changed = False
        for path, count in self.counts.items():
            if count is None:
                continue
            around = self.root
            present = [child for child in around.children if child.path == path]
            wanted = number(value_in(count, self.here(around)))
            target = 0 if math.isnan(wanted) else min(int(wanted), REPEATS_MAX)
            for gone in present[target:]:
                around.children.remove(gone)
                changed = True
            for _ in range(len(present), target):
                grown = Answered(path.rsplit("/", 1)[-1], path, around, self.nodes[path])
                around.children.append(grown)
                self._grow(grown)
                changed = True
        return changed

    def _kept(self, node: Answered, tree: Expression) -> str:
        said = _stored(value_in(tree, self.here(node)))
        return " ".join(said.split()) if node.path in self.sets else said

    def _act(self, event: str, of: str = "") -> None:
        for action in self.form["actions"]:
            if action["on"] == event and action.get("of", "") == of:
                for node in _everything(self.root):
                    if node.path == action["path"]:
                        node.stored = self._kept(node, read_tree(action["value"]))

    def walk(self, answers: Mapping[str, Answer]) -> list[Asked]:
        """Go through the pages and answer; what was asked. Raises `Refused` or `NeverAsked`."""
        open_ = set(answers)

        def given(question: Question) -> Answer | Kept:
            open_.discard(question.asked.question)
            return answers.get(question.asked.question, KEPT)

        asked = self.go(given)
        if open_:
            raise NeverAsked(", ".join(sorted(open_)))
        return asked

    def go(self, answer: Callable[["Question"], Answer | Kept]) -> list[Asked]:
        """The same with somebody who decides at each question."""
        asked: list[Asked] = []
        done: set[int] = set()
        while (found := self._next(done)) is not None:
            node, question = found
            done.add(id(node))
            name = self.name_of(node)
            offered = self._offered(node, question)
            asked.append(Asked(name, self._label(node, question), text(node.value), offered))
            readonly = bool(node.node.get("readonly"))
            kind = "note" if readonly else question["control"]
            said = answer(Question(asked[-1], kind, node.node.get("type", "string")))
            if not isinstance(said, Kept):
                self._answer(node, said, offered, name)
            self._check(node, name)
        return asked

    def _next(self, done: set[int]) -> tuple[Answered, Tree] | None:
        for node, question in self._questions(self.form["pages"], self.root):
            if id(node) not in done and node.is_relevant:
                return node, question
        return None

    def _questions(self, pages: list[Tree], around: Answered) -> Iterator[tuple[Answered, Tree]]:
        below = {node.path: node for node in _everything(around)}
        for page in pages:
            if "repeat" in page:
                for child in [one for one in around.children if one.path == page["repeat"]]:
                    yield from self._questions(page["pages"], child)
                continue
            for question in page["questions"]:
                yield below[question["path"]], question

    def _offered(self, node: Answered, question: Tree) -> tuple[str, ...]:
        choices = question.get("choices")
        if choices is None:
            return ()
        if choices["list"] not in self.lists:
            return tuple(one["name"] for one in self.form["choices"][choices["list"]])
        rows = self.lists[choices["list"]].children[0].children
        if "where" in choices:
            condition = read_tree(choices["where"])
            rows = [row for row in rows if truth_in(condition, self._at(node, row))]
        return tuple(
            text(column.value)
            for row in rows
            for column in row.children
            if column.name == choices["value"]
        )

    def _at(self, node: Answered, row: Item) -> Surroundings:
        return Surroundings(self.document, row, node, self.lists, self.now, self.new_id)

    def _answer(self, node: Answered, answer: Answer, offered: tuple[str, ...], name: str) -> None:
        if isinstance(answer, str) or answer is None or not isinstance(answer, list | tuple):
            chosen = [] if answer is None else [_said(answer)]
        else:
            chosen = [str(one) for one in answer]
        if offered and not set(chosen) <= set(offered):
            raise Refused(name, "not-offered")
        node.stored = " ".join(chosen)
        self._act("choose", node.path)
        self.settle()

    def _check(self, node: Answered, name: str) -> None:
        trees = self.trees.get(node.path, {})
        must = node.node.get("required") is True or (
            "required" in trees and truth_in(trees["required"], self.here(node))
        )
        if must and node.stored == "":
            raise Refused(name, "required")
        answered = "constraint" in trees and node.stored != ""
        if answered and not truth_in(trees["constraint"], self.here(node)):
            raise Refused(name, "constraint")

    def _label(self, node: Answered, question: Tree) -> str:
        parts = question["label"].get(self.form["languages"][0], [])
        return "".join(
            part if isinstance(part, str) else text(value_in(read_tree(part), self.here(node)))
            for part in parts
        )

    def name_of(self, node: Answered) -> str:
        """`daftar_anggota[2]/nik`, as the phone names it."""
        steps = [node.name]
        above = node.parent
        while above is not None:
            if above.path in self.counts and above.parent is not None:
                alike = [one for one in above.parent.children if one.path == above.path]
                steps.append(f"{above.name}[{alike.index(above) + 1}]")
            above = above.parent
        return "/".join(reversed(steps))

    def values(self) -> dict[str, str]:
        """Every relevant leaf by its name."""
        return {
            self.name_of(node): node.stored
            for node in _everything(self.root)
            if node.is_relevant and not node.children and node.path not in self.counts
        }


def _counts(pages: list[Tree]) -> Iterator[tuple[str, Any]]:
    for page in pages:
        if "repeat" in page:
            yield page["repeat"], read_tree(page["count"]) if "count" in page else None
            yield from _counts(page["pages"])


def _sets(pages: list[Tree]) -> Iterator[str]:
    for page in pages:
        yield from _sets(page.get("pages", []))
        yield from (
            question["path"]
            for question in page.get("questions", [])
            if question["control"] == "select-many"
        )


def _list(served: str) -> Item:
    top = Item("")
    root = Item("root", top)
    top.children.append(root)
    for line in csv.DictReader(io.StringIO(served)):
        row = Item("item", root)
        row.children = [Item(name, row, [], value) for name, value in line.items()]
        root.children.append(row)
    return top


def _everything(node: Answered) -> Iterator[Answered]:
    yield node
    for child in list(node.children):
        yield from _everything(child)


def _stored(value: Value) -> str:
    return "" if isinstance(value, float) and math.isnan(value) else text(value)


def _said(answer: object) -> str:
    return answer.isoformat() if isinstance(answer, date) else str(answer)
