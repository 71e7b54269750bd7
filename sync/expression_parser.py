"""From the text of an expression to its tree: recursive descent, one method a level.

Whatever is refused is refused with the place in the text and with what to write instead, because
who reads it is somebody with a spreadsheet.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from sync.expressions import (
    DEPTH_MAX,
    EXPRESSION_CHARACTERS_MAX,
    FUNCTIONS,
    Arity,
    Binary,
    Call,
    Expression,
    ExpressionError,
    Literal,
    Negative,
    Path,
    Step,
)

_TOKEN: Final = re.compile(
    r"""\s*(?:
      (?P<number>[0-9]+(?:\.[0-9]+)?|\.[0-9]+)
    | (?P<text>"[^"]*"|'[^']*')
    | (?P<question>\$\{\s*[A-Za-z_][A-Za-z0-9_.-]*\s*\})
    | (?P<name>@?[A-Za-z_][A-Za-z0-9_-]*(?:\.[A-Za-z0-9_-]+)*)
    | (?P<sign>!=|<=|>=|//|::|\.\.|[=<>+*/()\[\],.|$:-])
    )""",
    re.VERBOSE,
)
_LEVELS: Final = (
    ("or",),
    ("and",),
    ("=", "!="),
    ("<", "<=", ">", ">="),
    ("+", "-"),
    ("*", "div", "mod"),
)
"""Operators from the loosest to the tightest, as in XPath 1.0."""
_WORDS: Final = frozenset({"or", "and", "div", "mod"})
_UNION: Final = ("|", "//", "::", "$", ":")


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    at: int


def parse(text: str) -> Expression:
    """The tree of an expression. Raises `ExpressionError` for what is not in the language."""
    if len(text) > EXPRESSION_CHARACTERS_MAX:
        raise ExpressionError(
            f"the expression has more than {EXPRESSION_CHARACTERS_MAX} characters: shorten it with "
            "questions of type calculate",
            f"rumus lebih dari {EXPRESSION_CHARACTERS_MAX} huruf: pecahlah dengan baris calculate",
            1,
        )
    return _Parser(tuple(_tokens(text))).whole()


def _tokens(text: str) -> Iterator[_Token]:
    at = 0
    end = len(text.rstrip())
    while at < end:
        found = _TOKEN.match(text, at)
        if found is None or found.lastgroup is None:
            at += len(text[at:]) - len(text[at:].lstrip())
            raise ExpressionError(
                "this character has no meaning here: write text in straight quotes and names "
                "without spaces",
                "huruf ini tidak dikenal di sini: tulis teks di antara tanda petik lurus dan nama "
                "tanpa spasi",
                at + 1,
            )
        yield _Token(found.lastgroup, found[found.lastgroup], found.start(found.lastgroup) + 1)
        at = found.end()
    yield _Token("end", "", end + 1)


class _Parser:
    """Recursive descent, one method a level."""

    def __init__(self, tokens: tuple[_Token, ...]) -> None:
        self.tokens = tokens
        self.next = 0
        self.depth = 0

    @property
    def token(self) -> _Token:
        return self.tokens[self.next]

    def whole(self) -> Expression:
        if self.token.kind == "end":
            raise ExpressionError("the expression is empty", "rumus kosong", 1)
        found = self.level(0)
        if self.token.kind != "end":
            raise self.unexpected()
        return found

    def level(self, number: int) -> Expression:
        if number == len(_LEVELS):
            return self.unary()
        left = self.level(number + 1)
        while self.token.text in _LEVELS[number] and self.token.kind in {"sign", "name"}:
            operator = self.take().text
            left = Binary(operator, left, self.level(number + 1))
        return left

    def unary(self) -> Expression:
        if self.token.text == "-" and self.token.kind == "sign":
            self.take()
            return Negative(self.unary())
        return self.primary()

    def primary(self) -> Expression:
        token = self.token
        match token.kind:
            case "number":
                self.take()
                return Literal(float(token.text))
            case "text":
                self.take()
                return Literal(token.text[1:-1])
            case "name" if self.tokens[self.next + 1].text == "(":
                return self.call()
        if token.text == "(" and token.kind == "sign":
            self.take()
            inside = self.within()
            self.expect(")")
            return inside
        return self.path()

    def within(self) -> Expression:
        """An expression inside of brackets."""
        self.depth += 1
        if self.depth > DEPTH_MAX:
            raise ExpressionError(
                f"brackets stand within brackets more than {DEPTH_MAX} deep: use questions of type "
                "calculate in between",
                f"tanda kurung bertingkat lebih dari {DEPTH_MAX}: pecahlah dengan baris calculate",
                self.token.at,
            )
        inside = self.level(0)
        self.depth -= 1
        return inside

    def call(self) -> Expression:
        name = self.take()
        self.take()
        arguments: list[Expression] = []
        if self.token.text != ")":
            arguments.append(self.within())
            while self.token.text == ",":
                self.take()
                arguments.append(self.within())
        self.expect(")")
        if name.text in {"instance", "current"}:
            return self.from_call(name, arguments)
        _check_call(name, arguments)
        return Call(name.text, tuple(arguments))

    def from_call(self, name: _Token, arguments: list[Expression]) -> Path:
        if name.text == "current":
            if arguments:
                raise _arity(name, (0, 0))
            return Path("current", self.steps())
        match arguments:
            case [Literal(value=str() as listed)]:
                steps = self.steps()
                if len(steps) < 2 or [step.name for step in steps[:2]] != ["root", "item"]:
                    raise ExpressionError(
                        "a list is read as instance('list')/root/item[…]/property",
                        "daftar dibaca dengan instance('daftar')/root/item[…]/kolom",
                        name.at,
                    )
                return Path("instance", steps, listed)
        raise _arity(name, (1, 1))

    def path(self) -> Expression:
        token = self.token
        if token.kind == "question":
            self.take()
            return Path("question", self.steps(), token.text[2:-1].strip())
        if token.text == "/" and token.kind == "sign":
            return Path("root", self.steps())
        if token.kind == "name" and token.text not in _WORDS | {"@"}:
            return Path("self", (self.step(), *self.steps()))
        if token.text in {".", ".."} and token.kind == "sign":
            return Path("self", (self.step(), *self.steps()))
        raise self.unexpected()

    def steps(self) -> tuple[Step, ...]:
        found: list[Step] = []
        while self.token.text == "/" and self.token.kind == "sign":
            self.take()
            found.append(self.step())
        return tuple(found)

    def step(self) -> Step:
        token = self.token
        is_name = token.kind == "name" or (token.kind == "sign" and token.text in {".", ".."})
        if not is_name:
            raise self.unexpected()
        self.take()
        where: list[Expression] = []
        while self.token.text == "[" and self.token.kind == "sign":
            self.take()
            where.append(self.within())
            self.expect("]")
        return Step(token.text, tuple(where))

    def take(self) -> _Token:
        token = self.token
        self.next += 1
        return token

    def expect(self, sign: str) -> None:
        if self.token.text != sign or self.token.kind != "sign":
            raise ExpressionError(
                f"a {sign} is missing here", f"kurang tanda {sign}", self.token.at
            )
        self.take()

    def unexpected(self) -> ExpressionError:
        token = self.token
        if token.kind == "end":
            return ExpressionError("the expression breaks off", "rumus terpotong", token.at)
        if token.kind == "sign" and token.text in _UNION:
            return ExpressionError(
                f"{token.text} is not part of the language of forms here: name the question or "
                "list itself",
                f"{token.text} tidak didukung: sebutlah nama pertanyaan atau daftarnya",
                token.at,
            )
        shown = token.text if token.kind in {"sign", "name"} else token.kind
        return ExpressionError(f"{shown} does not belong here", f"{shown} salah tempat", token.at)


def _check_call(name: _Token, arguments: list[Expression]) -> None:
    arity = FUNCTIONS.get(name.text)
    if arity is None:
        raise ExpressionError(
            f"the function {name.text}() is not among those that every client knows: "
            f"{', '.join(sorted(FUNCTIONS))}",
            f"fungsi {name.text}() tidak didukung semua aplikasi; yang ada: "
            f"{', '.join(sorted(FUNCTIONS))}",
            name.at,
        )
    least, most = arity
    if len(arguments) < least or (most is not None and len(arguments) > most):
        raise _arity(name, arity)
    if name.text == "regex" and not _anchored(arguments[1]):
        raise ExpressionError(
            "the pattern of regex() stands in quotes, begins with ^ and ends with $: without them "
            "one client looks at the whole text and another at a part of it",
            "pola regex() ditulis dalam petik, diawali ^ dan diakhiri $: tanpa itu hasilnya "
            "berbeda antar aplikasi",
            name.at,
        )


def _anchored(pattern: Expression) -> bool:
    if not isinstance(pattern, Literal) or not isinstance(pattern.value, str):
        return False
    if not (pattern.value.startswith("^") and pattern.value.endswith("$")):
        return False
    try:
        re.compile(pattern.value)
    except re.error:
        return False
    return True


def _arity(name: _Token, arity: Arity) -> ExpressionError:
    least, most = arity
    wanted = str(least) if most == least else f"{least} to {most or 'any number of'}"
    return ExpressionError(
        f"{name.text}() takes {wanted} arguments",
        f"{name.text}() memerlukan {wanted.replace('to', 'sampai')} isian",
        name.at,
    )
