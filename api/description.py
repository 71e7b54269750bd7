"""The OpenAPI description: what FastAPI knows, and what our rules and our errors add to it."""

from typing import Any, Final

from fastapi import FastAPI

from api.dependencies import SESSION_COOKIE, RouteRule, route_rules
from api.errors import ERROR_CODES, PROBLEM_MEDIA_TYPE
from sync.permission import ROLE_ACTIONS

ANY_PROBLEM: Final[dict[int | str, dict[str, Any]]] = {
    "default": {
        "description": "A problem (RFC 9457); `type` is one of the stable codes.",
        "content": {PROBLEM_MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
}
"""Documents every refusal of every route at once."""

_SCHEMES = {
    "device": {"type": "http", "scheme": "bearer", "description": "A device's token."},
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": SESSION_COOKIE,
        "description": "A browser's session; all but reading also needs X-CSRF-Token.",
    },
}


def describe(app: FastAPI) -> dict[str, Any]:
    """OpenAPI 3.1 of the application, made once."""
    if app.openapi_schema is None:
        description = FastAPI.openapi(app)
        components = description.setdefault("components", {})
        components.setdefault("schemas", {})["Problem"] = _problem_schema()
        components["securitySchemes"] = _SCHEMES
        for rule in route_rules(app):
            # A parameter that may hold slashes is described like any other.
            path = rule.path.replace(":path}", "}")
            _add_rule(description["paths"].get(path, {}), rule)
        app.openapi_schema = description
    return app.openapi_schema


def _add_rule(operations: dict[str, Any], rule: RouteRule) -> None:
    for method in rule.methods:
        operation = operations.get(method.lower())
        if operation is None:
            continue
        operation["x-lokus-action"] = rule.action.value
        if rule.is_public:
            operation["security"] = []
        else:
            operation["security"] = [{"device": []}, {"session": []}]
            operation["x-lokus-roles"] = sorted(
                role.value for role, actions in ROLE_ACTIONS.items() if rule.action in actions
            )


def _problem_schema() -> dict[str, Any]:
    return {
        "title": "Problem",
        "description": "RFC 9457; further members belong to single codes.",
        "type": "object",
        "required": ["type", "title", "status", "detail", "retry"],
        "properties": {
            "type": {"type": "string", "enum": sorted(ERROR_CODES)},
            "title": {"type": "string", "description": "For people in the field, Indonesian."},
            "status": {"type": "integer"},
            "detail": {"type": "string", "description": "For developers, English."},
            "retry": {"type": "string", "enum": ["same", "after-change", "never"]},
        },
    }
