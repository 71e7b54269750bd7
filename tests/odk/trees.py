"""From the JSON of an expression back to its tree: the first thing that a client does with it."""

from typing import Any

from sync.expressions import Binary, Call, Expression, Literal, Negative, Path, Step


def read_tree(told: Any) -> Expression:  # noqa: ANN401 (JSON)
    """The reverse of `sync.expressions.as_json`."""
    match told:
        case {"text": str() as text}:
            return Literal(text)
        case {"number": number}:
            return Literal(float(number))
        case {"call": function, "of": arguments}:
            return Call(function, tuple(read_tree(one) for one in arguments))
        case {"op": operator, "left": left, "right": right}:
            return Binary(operator, read_tree(left), read_tree(right))
        case {"minus": of}:
            return Negative(read_tree(of))
        case {"path": steps, "from": start}:
            of = told.get("list", told.get("question", ""))
            return Path(start, tuple(_step(one) for one in steps), of)
    raise ValueError(f"no expression: {told}")


def _step(told: Any) -> Step:  # noqa: ANN401 (JSON)
    return Step(told["step"], tuple(read_tree(one) for one in told.get("where", ())))
