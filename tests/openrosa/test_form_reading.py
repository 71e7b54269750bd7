"""What is read of a filled form before anybody asks the register: its tree, then its statements."""

from dataclasses import replace
from typing import NamedTuple
from xml.sax.saxutils import escape, quoteattr

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.formats.xform.mapping import FormMapping, MappedQuestion, Role
from api.formats.xform.statements import Births, Said, rt_told, said_by
from api.formats.xform.submission import (
    DEPTH_MAX,
    NODES_MAX,
    Node,
    Refused,
    Unreadable,
    parsed,
    read_instance,
)
from tests.openrosa.forms import Entity, asks, feeds, instance, new_family_form, visit_form

RECORD = "0c5c0f5e-6a55-4f0b-9f6a-3d6c1b8e0a01"
NAMES = st.sampled_from(["a", "b", "meta", "luas_lantai", "é"])
TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["C"]), max_size=12)


class Tree(NamedTuple):
    """What a node says, and all beneath it."""

    name: str
    attributes: dict[str, str]
    text: str
    children: list["Tree"]


TREES = st.recursive(
    st.builds(Tree, NAMES, st.dictionaries(NAMES, TEXTS, max_size=2), TEXTS, st.just([])),
    lambda inner: st.builds(
        Tree, NAMES, st.dictionaries(NAMES, TEXTS, max_size=2), TEXTS, st.lists(inner, max_size=4)
    ),
    max_leaves=30,
)


def tree_of(node: Node) -> Tree:
    return Tree(node.name, node.attributes, node.text, [tree_of(one) for one in node.children])


def written(node: Tree, prefix: str = "") -> str:
    told = "".join(f" {prefix}{n}={quoteattr(v)}" for n, v in node.attributes.items())
    # Half of the text before the children, half behind them.
    half = len(node.text) // 2
    inner = "".join(written(child, prefix) for child in node.children)
    text = f"{escape(node.text[:half])}{inner}{escape(node.text[half:])}"
    return f"<{prefix}{node.name}{told}>{text}</{prefix}{node.name}>"


def said(mapping: FormMapping, raw: bytes) -> Said:
    return said_by(read_instance(raw), mapping, {}, Births("a", "b"))


def asking(mapping: FormMapping, *questions: MappedQuestion) -> FormMapping:
    return replace(mapping, questions=questions)


# The tree ------------------------------------------------------------------------------------


@settings(max_examples=200)
@given(TREES, st.sampled_from(["", "orx:", "x:"]))
def test_a_tree_is_read_as_it_was_written_whatever_the_prefixes(tree: Tree, prefix: str) -> None:
    assert tree_of(parsed(written(tree, prefix).encode())) == tree


def test_text_and_marked_text_are_one_text() -> None:
    raw = b"<a>one<!-- not this --> &lt;<![CDATA[ two]]>&#51;<?nor this?></a>"
    assert tree_of(parsed(raw)) == Tree("a", {}, "one < two3", [])


def test_as_deep_and_as_much_as_a_form_can_be_is_read() -> None:
    assert parsed(b"<a>" * DEPTH_MAX + b"</a>" * DEPTH_MAX).name == "a"
    assert len(parsed(b"<data>" + b"<a/>" * (NODES_MAX - 1) + b"</data>").children) == NODES_MAX - 1


@pytest.mark.parametrize(
    "raw",
    [
        b"<a>" * (DEPTH_MAX + 1),
        b"<a>" * (DEPTH_MAX + 1) + b"</b>",
        b"<data>" + b"<a/>" * NODES_MAX + b"</datum>",
        b"<data>" + b"<a></a>" * NODES_MAX + b"</data>",
        ("<data>" + "<a/>" * NODES_MAX + "</data>").encode("utf-16"),
        b"<!DOCTYPE data><data><a></data>",
    ],
)
def test_what_no_form_can_be_is_refused_even_where_it_breaks_off(raw: bytes) -> None:
    with pytest.raises(Refused):
        parsed(raw)


def test_what_breaks_off_within_the_limits_merely_cannot_be_read() -> None:
    with pytest.raises(Unreadable):
        parsed(b"<a>" * DEPTH_MAX)


def test_every_short_text_with_a_dot_may_name_a_file() -> None:
    raw = (
        b"<data>y.z<a> foto 1.jpg </a><b><c>x</c>tail.txt</b><d>" + b"long. " * 60 + b"</d></data>"
    )
    assert read_instance(raw).named_files == {"y.z", "foto 1.jpg", "tail.txt"}


# Statements ----------------------------------------------------------------------------------


def test_groups_are_stated_in_the_order_of_the_form() -> None:
    form = visit_form()
    told = {"lokasi": "-5.1 105.2 0 4", "luas": "54", "lantai": "keramik", "keluarga": RECORD}
    family = said(form.mapping, instance(form, "uuid:1", told)).family
    assert family is not None
    assert family.groups == {
        "jenis_lantai_terluas": {"jenis_lantai_terluas": "keramik"},
        "luas_lantai": {"luas_lantai": 54},
        "lokasi": {"lintang": -5.1, "bujur": 105.2, "akurasi_m": 4.0},
    }
    assert [*family.groups] == ["jenis_lantai_terluas", "luas_lantai", "lokasi"]


@pytest.mark.parametrize("blank", ["", " ", "\u00a0", "\n\t"])
def test_a_blank_answer_says_nothing(blank: str) -> None:
    form = visit_form()
    told = {"keluarga": RECORD, "luas": blank, "telepon": blank, "lokasi": blank}
    family = said(form.mapping, instance(form, "uuid:1", told)).family
    assert family is not None
    assert family.groups == {}


def test_of_two_questions_for_a_field_the_first_answer_counts() -> None:
    mapping = asking(
        visit_form().mapping,
        feeds("keluarga", "keluarga", Role.ID),
        asks("satu", "keluarga", "telepon"),
        asks("dua", "keluarga", "telepon"),
    )
    form = replace(visit_form(), mapping=mapping)
    both = instance(form, "uuid:1", {"keluarga": RECORD, "dua": "2", "satu": "1"})
    second = instance(form, "uuid:1", {"keluarga": RECORD, "satu": " ", "dua": "2"})
    for raw, number in ((both, "1"), (second, "2")):
        family = said(mapping, raw).family
        assert family is not None
        assert family.groups == {"telepon": {"telepon": number}}


def test_how_long_a_visit_took_follows_from_its_beginning_and_its_end() -> None:
    form = visit_form()
    told = {
        "keluarga": RECORD,
        "mulai": "2026-11-03T11:40:00.000+07:00",
        "selesai": "2026-11-03T12:00:00.000+07:00",
    }
    (visit,) = said(form.mapping, instance(form, "uuid:1", told)).visits
    assert visit.groups["durasi_s"] == {"durasi_s": 1200}
    told["selesai"] = "nanti"
    (visit,) = said(form.mapping, instance(form, "uuid:1", told)).visits
    assert "durasi_s" not in visit.groups


def test_a_form_tells_where_it_belongs_without_being_read_whole() -> None:
    form = new_family_form()
    raw = instance(form, "uuid:1", {"rt": "003", "rw": "001"}, entity=Entity(RECORD, create=True))
    assert rt_told(read_instance(raw), form.mapping) == ((RECORD,), "003/001")


def test_what_follows_from_a_mapping_is_made_once_for_each_mapping() -> None:
    made: list[FormMapping] = []

    def questions(mapping: FormMapping) -> int:
        made.append(mapping)
        return len(mapping.questions)

    mapping, other = visit_form().mapping, new_family_form().mapping
    assert mapping.once(questions) == mapping.once(questions) == len(mapping.questions)
    assert other.once(questions) == len(other.questions)
    assert made == [mapping, other]
