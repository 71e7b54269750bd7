"""The language of forms: what parses to which tree, and what is refused with its place."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.expression_parser import parse
from sync.expressions import (
    DEPTH_MAX,
    EXPRESSION_CHARACTERS_MAX,
    FUNCTIONS,
    Binary,
    Call,
    Expression,
    ExpressionError,
    Literal,
    Negative,
    Path,
    Step,
    as_json,
    children,
    everything,
)

RT = Path("question", (), "rt")


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("1", Literal(1.0)),
        (".5", Literal(0.5)),
        ("'a \"b\"'", Literal('a "b"')),
        ("${rt}", RT),
        ("${ rt }", RT),
        (".", Path("self", (Step("."),))),
        ("../rt", Path("self", (Step(".."), Step("rt")))),
        ("/data/rt", Path("root", (Step("data"), Step("rt")))),
        ("current()/../rt", Path("current", (Step(".."), Step("rt")))),
        ("-1", Negative(Literal(1.0))),
        ("1 + 2 * 3", Binary("+", Literal(1.0), Binary("*", Literal(2.0), Literal(3.0)))),
        ("6 div 3 div 2", Binary("div", Binary("div", Literal(6.0), Literal(3.0)), Literal(2.0))),
        ("(1 + 2) mod 3", Binary("mod", Binary("+", Literal(1.0), Literal(2.0)), Literal(3.0))),
        (
            "1 = 2 or 1 < 2 and 3 >= 2",
            Binary(
                "or",
                Binary("=", Literal(1.0), Literal(2.0)),
                Binary(
                    "and",
                    Binary("<", Literal(1.0), Literal(2.0)),
                    Binary(">=", Literal(3.0), Literal(2.0)),
                ),
            ),
        ),
        ("true()", Call("true", ())),
        ("if(1, 'a', ${rt})", Call("if", (Literal(1.0), Literal("a"), RT))),
        (
            "regex(., '^[0-9]{3}$')",
            Call("regex", (Path("self", (Step("."),)), Literal("^[0-9]{3}$"))),
        ),
        (
            "instance('anggota')/root/item[name = ${rt}][1]/nik",
            Path(
                "instance",
                (
                    Step("root"),
                    Step("item", (Binary("=", Path("self", (Step("name"),)), RT), Literal(1.0))),
                    Step("nik"),
                ),
                "anggota",
            ),
        ),
        ("a-b", Path("self", (Step("a-b"),))),
        ("${a}-1", Binary("-", Path("question", (), "a"), Literal(1.0))),
        (
            "/data/meta/entity/@id",
            Path("root", tuple(map(Step, ("data", "meta", "entity", "@id")))),
        ),
    ],
)
def test_text_becomes_a_tree(text: str, tree: Expression) -> None:
    assert parse(text) == tree
    assert parse(f"  {text}\n") == tree


@pytest.mark.parametrize(
    ("text", "words", "at"),
    [
        ("", "is empty", 1),
        ("   ", "is empty", 1),
        ("1 +", "breaks off", 4),
        ("1 2", "number does not belong here", 3),
        ("(1", "a ) is missing", 3),
        ("concat('a'", "a ) is missing", 11),
        ("/data/rt[1", "a ] is missing", 11),
        ("“a”", "no meaning here", 1),
        ("1 # 2", "no meaning here", 3),
        ("${dua kata}", "no meaning here", 2),
        ("a | b", "| is not part of the language", 3),
        ("//rt", "// is not part of the language", 1),
        ("child::rt", ":: is not part of the language", 6),
        ("/data/*", "* does not belong here", 7),
        (")", ") does not belong here", 1),
        ("or", "or does not belong here", 1),
        ("pulldata('a', 'b')", "the function pulldata()", 1),
        ("1 + once()", "once() takes 1 arguments", 5),
        ("concat()", "concat() takes 1 to any number of arguments", 1),
        ("not(1, 2)", "not() takes 1 arguments", 1),
        ("substr('a')", "substr() takes 2 to 3 arguments", 1),
        ("current(1)", "current() takes 0 arguments", 1),
        ("instance(1)/root/item", "instance() takes 1 arguments", 1),
        ("instance('a')/item", "a list is read as", 1),
        ("regex(., '[0-9]')", "begins with ^", 1),
        ("regex(., ${rt})", "begins with ^", 1),
        ("regex(., '^[0-9$')", "begins with ^", 1),
    ],
)
def test_what_is_not_in_the_language_is_refused_with_its_place(
    text: str, words: str, at: int
) -> None:
    with pytest.raises(ExpressionError) as refused:
        parse(text)
    assert words in refused.value.english
    assert refused.value.indonesian
    assert refused.value.at == at
    assert str(at) in str(refused.value)


def test_an_expression_has_an_end() -> None:
    assert parse("(" * (DEPTH_MAX - 1) + "1" + ")" * (DEPTH_MAX - 1)) == Literal(1.0)
    for text in ("(" * 5000, "1" + "+1" * EXPRESSION_CHARACTERS_MAX, "(" * 50 + "1" + ")" * 50):
        with pytest.raises(ExpressionError):
            parse(text)


PIECES = st.sampled_from([*"()[]/.,'${}=<>-+* ab1", "if(", "${a}", "instance('k')", "and"])


def refused_at(text: str) -> int | None:
    try:
        parse(text)
    except ExpressionError as refused:
        return refused.at
    return None


@given(st.text(max_size=60) | st.lists(PIECES, max_size=30).map("".join))
def test_any_text_is_a_tree_or_an_error_in_its_place(text: str) -> None:
    at = refused_at(text)
    assert at is None or 1 <= at <= len(text) + 1


def test_a_tree_goes_to_clients_as_plain_json() -> None:
    tree = parse("if(-${a} != 1.5, instance('k')/root/item[name = '2']/rt, .)")
    assert as_json(tree) == {
        "call": "if",
        "of": [
            {
                "op": "!=",
                "left": {"minus": {"path": [], "from": "question", "question": "a"}},
                "right": {"number": 1.5},
            },
            {
                "path": [
                    {"step": "root"},
                    {
                        "step": "item",
                        "where": [
                            {
                                "op": "=",
                                "left": {"path": [{"step": "name"}], "from": "self"},
                                "right": {"text": "2"},
                            }
                        ],
                    },
                    {"step": "rt"},
                ],
                "from": "instance",
                "list": "k",
            },
            {"path": [{"step": "."}], "from": "self"},
        ],
    }
    assert as_json(Literal(2.0)) == {"number": 2}


def test_children_of_a_tree_are_all_that_is_directly_inside() -> None:
    assert [*children(Literal("a"))] == []
    assert [*children(Negative(RT))] == [RT]
    assert [*children(Binary("=", RT, Literal(1.0)))] == [RT, Literal(1.0)]
    assert [*children(Path("root", (Step("a", (RT,)),)))] == [RT]
    assert len([*everything(parse("if(1, 2, 3 + 4)"))]) == 6


def test_every_function_of_the_list_has_its_number_of_arguments() -> None:
    for name, (least, _) in FUNCTIONS.items():
        arguments = ", ".join(["'^a$'"] * least)
        assert parse(f"{name}({arguments})") == Call(name, (Literal("^a$"),) * least)
