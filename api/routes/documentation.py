"""The API's description: for programs as OpenAPI, for people as one page without any script."""

import hashlib
from base64 import b64encode
from html import escape
from typing import Any, Final

import orjson
from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse

from api.dependencies import public
from api.description import ANY_PROBLEM, describe
from api.errors import ERROR_CODES
from api.headers import CONTENT_SECURITY
from sync.permission import Action

router = APIRouter(tags=["documentation"], responses=ANY_PROBLEM)

_STYLE: Final = """
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem }
h2 { margin-top: 2.5rem; border-bottom: 1px solid }
summary { cursor: pointer; padding: .3rem 0 }
code { font-family: ui-monospace, monospace }
.method { display: inline-block; min-width: 4.5rem; font-weight: 700 }
table { border-collapse: collapse }
td, th { text-align: left; vertical-align: top; padding: .2rem 1rem .2rem 0 }
pre { overflow-x: auto; padding: .5rem; border: 1px solid }
"""
_STYLE_HASH: Final = b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
_KEPT: Final = "public, max-age=300"


@router.get("/openapi.json", dependencies=[public(Action.READ_DOCUMENTATION)])
async def openapi(request: Request) -> Response:
    """The description of this API, as OpenAPI 3.1."""
    return Response(
        orjson.dumps(describe(request.app)),
        media_type="application/json",
        headers={"Cache-Control": _KEPT},
    )


@router.get(
    "/docs",
    dependencies=[public(Action.READ_DOCUMENTATION)],
    include_in_schema=False,
)
async def docs(request: Request) -> HTMLResponse:
    """The same for people."""
    return HTMLResponse(
        _page(describe(request.app)),
        headers={
            "Cache-Control": _KEPT,
            "Content-Security-Policy": f"{CONTENT_SECURITY}; style-src 'sha256-{_STYLE_HASH}'",
        },
    )


def _page(description: dict[str, Any]) -> str:
    by_tag: dict[str, list[str]] = {}
    for path, operations in sorted(description["paths"].items()):
        for method, operation in operations.items():
            tag = (operation.get("tags") or ["other"])[0]
            by_tag.setdefault(tag, []).append(_operation(path, method, operation))
    sections = "".join(
        f"<h2>{escape(tag)}</h2>{''.join(entries)}" for tag, entries in sorted(by_tag.items())
    )
    schemas = "".join(
        f"<details id='{escape(name)}'><summary><code>{escape(name)}</code></summary>"
        f"{_json(schema)}</details>"
        for name, schema in sorted(description["components"]["schemas"].items())
    )
    info = description["info"]
    return (
        f"<!doctype html><html lang='en'><head><meta charset='utf-8'>"
        f"<meta name='viewport' content='width=device-width'>"
        f"<title>{escape(info['title'])} API</title><style>{_STYLE}</style></head><body>"
        f"<h1>{escape(info['title'])} API {escape(info['version'])}</h1>"
        f"<p>{escape(info.get('description', ''))} "
        f"For programs: <a href='/openapi.json'>/openapi.json</a>.</p>"
        f"{sections}<h2>errors</h2>{_errors()}<h2>schemas</h2>{schemas}</body></html>"
    )


def _operation(path: str, method: str, operation: dict[str, Any]) -> str:
    roles = ", ".join(operation.get("x-lokus-roles", [])) or "anybody"
    action = operation.get("x-lokus-action", "")
    parts = [
        f"<p>{escape(operation.get('description', ''))}</p>",
        f"<p>Action <code>{escape(action)}</code>, for {escape(roles)}.</p>",
    ]
    for heading, key in (("Parameters", "parameters"), ("Body", "requestBody")):
        if key in operation:
            parts.append(f"<p>{heading}</p>{_json(operation[key])}")
    answers = {code: one for code, one in operation["responses"].items() if code != "default"}
    parts.append(f"<p>Answers</p>{_json(answers)}")
    return (
        f"<details><summary><span class='method'>{escape(method.upper())}</span> "
        f"<code>{escape(path)}</code> {escape(operation.get('summary', ''))}</summary>"
        f"{''.join(parts)}</details>"
    )


def _errors() -> str:
    rows = "".join(
        f"<tr><td><code>{escape(code)}</code><td>{row.status}<td>{row.retry}"
        f"<td>{escape(row.detail)}</tr>"
        for code, row in sorted(ERROR_CODES.items())
    )
    return f"<table><tr><th>type<th>status<th>retry<th>detail</tr>{rows}</table>"


def _json(value: object) -> str:
    return f"<pre>{escape(orjson.dumps(value, option=orjson.OPT_INDENT_2).decode())}</pre>"
