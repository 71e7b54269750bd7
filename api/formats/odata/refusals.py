"""What a question in OData's words may be refused for, with ODK Central's numbers."""


class BadQuestion(Exception):
    """The question cannot be answered; `code` is Central's, `message` says what to change.

    Nothing that was sent is repeated: an expression may hold somebody's number.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(code)
        self.code = code
        self.message = message


def unparseable(reason: str) -> BadQuestion:
    """A filter that is none."""
    return BadQuestion("400.18", f"The OData filter expression could not be parsed: {reason}.")


def unsupported(what: str) -> BadQuestion:
    """A filter that OData has and we do not."""
    return BadQuestion(
        "501.4",
        f"The OData filter expression uses what this server does not support: {what}.",
    )
