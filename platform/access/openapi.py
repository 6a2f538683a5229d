"""How the OpenAPI schema tells of keys, scopes and problems."""

from typing import Any

from drf_spectacular.extensions import (
    OpenApiAuthenticationExtension,
    OpenApiSerializerExtension,
    OpenApiSerializerFieldExtension,
)
from drf_spectacular.openapi import AutoSchema as SpectacularSchema
from drf_spectacular.plumbing import ResolvedComponent
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, PolymorphicProxySerializer
from drf_standardized_errors.openapi import AutoSchema as StandardizedErrorsSchema

from access import idempotency, problem_types
from access.authentication import ApiKeyAuthentication
from access.fields import TextField
from access.permissions import HasScope, scopes_for
from access.problem_documents import CONTENT_TYPE
from access.scopes import DESCRIPTIONS, Scope
from access.serializers import StrictSerializer

Schema = dict[str, Any]
WITH_BODY = frozenset({"POST", "PUT", "PATCH"})


def _text(description: str, **more: str) -> Schema:
    return {"type": "string", "description": description, **more}


def _names(description: str) -> Schema:
    return {"type": "array", "items": {"type": "string"}, "description": description}


PROBLEM: Schema = {
    "type": "object",
    "description": "What every error looks like (RFC 9457). Some types have further members.",
    "required": ["type", "title", "status", "detail", "instance", "request_id", "code"],
    "properties": {
        "type": _text(
            "The kind of problem. Its meaning is served at this path.", format="uri-reference"
        ),
        "title": _text("The kind of problem in words, always the same."),
        "status": {"type": "integer", "description": "The HTTP status, once more."},
        "detail": _text("What went wrong this time."),
        "instance": _text("The path that was asked for."),
        "request_id": _text("Finds this request in Postroom's logs."),
        "code": _text("A stable short name of what went wrong."),
    },
}
FIELD_ERROR: Schema = {
    "type": "object",
    "description": "One invalid value, in the body (`pointer`) or the query string (`parameter`).",
    "required": ["detail", "code"],
    "properties": {
        "detail": _text("What is wrong with the value."),
        "pointer": _text('Its place in the body: a JSON pointer, such as "#/lines/0/quantity".'),
        "parameter": _text("The name of the query parameter."),
        "code": _text("A stable short name of what is wrong."),
    },
}
FURTHER_MEMBERS: dict[str, Schema] = {
    "400": {
        "errors": {"type": "array", "items": {"$ref": "#/components/schemas/FieldError"}},
        "line": {"type": "integer", "description": "Where the JSON's syntax is wrong."},
        "column": {"type": "integer", "description": "Where the JSON's syntax is wrong."},
    },
    "403": {
        "required_scopes": _names("The scopes that the request needs."),
        "missing_scopes": _names("Those of them that the key lacks."),
    },
    "413": {"limit_bytes": {"type": "integer", "description": "The most that a body may have."}},
}
NAMES = {"400": "InvalidRequest", "403": "PermissionDenied", "413": "ContentTooLarge"}
IDEMPOTENCY_KEY = OpenApiParameter(
    idempotency.HEADER,
    OpenApiTypes.STR,
    OpenApiParameter.HEADER,
    description="Makes it safe to repeat the request: within 24 hours the same key with the same "
    "body gets the first answer again, and nothing is done twice. A UUID does well.",
    pattern=f"^{idempotency.FORM.pattern}$",
)
REPLAYED = OpenApiParameter(
    idempotency.REPLAYED_HEADER,
    OpenApiTypes.STR,
    OpenApiParameter.HEADER,
    description="`true` if this is the answer to an earlier request with the same Idempotency-Key.",
    response=[200, 201, 202, 204],
)


class AutoSchema(StandardizedErrorsSchema):
    """Adds to each operation the problems that it can really answer with."""

    def get_description(self) -> str:  # type: ignore[override]  # as drf-spectacular has it
        """Return the view's description, and the scopes that the operation needs."""
        description: str = super().get_description() or ""
        scopes = _scopes(self)
        if not scopes:
            return description
        needs = "; ".join(f"`{scope}` ({DESCRIPTIONS[scope].lower()})" for scope in scopes)
        return f"{description}\n\nNeeds the scope {needs}.".strip()

    def _get_allowed_error_status_codes(self) -> list[str]:
        # No 405: an operation that is described is one that the resource supports.
        return ["400", "401", "403", "404", "406", "409", "413", "415", "422", "429", "500"]

    def _get_error_response_examples(self) -> list[Any]:
        """Return none: the library's own show its own form of errors, and not problems."""
        return []

    def get_override_parameters(self) -> list[Any]:
        """Return the headers that a repeatable write takes and answers with."""
        parameters = list(super().get_override_parameters())
        return [*parameters, IDEMPOTENCY_KEY, REPLAYED] if self._is_idempotent() else parameters

    def _get_filter_parameters(self) -> list[Schema]:
        """Say that a filter has a value: one without is refused."""
        parameters: list[Schema] = super()._get_filter_parameters()  # type: ignore[no-untyped-call]
        for schema in (parameter["schema"] for parameter in parameters):
            if schema.get("type") == "string" and schema.keys() <= {"type", "maxLength"}:
                schema["minLength"] = 1
        return parameters

    def _get_request_for_media_type(self, serializer: Any, direction: str = "request") -> Any:
        """Say of a body of one of several kinds that it must be there: the library forgets it."""
        schema, required = super()._get_request_for_media_type(serializer, direction)  # type: ignore[no-untyped-call]
        return schema, required or isinstance(serializer, PolymorphicProxySerializer)

    def _is_idempotent(self) -> bool:
        return idempotency.is_idempotent(getattr(self.view, self.method.lower(), None))

    def _should_add_error_response(self, responses: dict[str, Any], status_code: str) -> bool:
        if status_code in responses:
            return False
        if status_code in {"413", "415"}:
            return self.method in WITH_BODY
        if status_code in {"409", "422"}:
            return self._is_idempotent()
        if status_code == "429" and not _is_guarded(self):
            return False  # keys are counted, and here is none
        if status_code in {"400", "406", "500"}:
            return True  # any request can be malformed, or met by our own mistake
        return bool(super()._should_add_error_response(responses, status_code))

    def _get_error_response_serializer(  # type: ignore[override]  # drf-spectacular takes either
        self, status_code: str
    ) -> Schema:
        """Return a reference to the problem's schema, which the registry then has."""
        self._component("Problem", PROBLEM)
        members = FURTHER_MEMBERS.get(status_code)
        if members is None:
            return {"$ref": "#/components/schemas/Problem"}
        self._component("FieldError", FIELD_ERROR)
        name = NAMES[status_code]
        base = {"$ref": "#/components/schemas/Problem"}
        self._component(name, {"allOf": [base, {"type": "object", "properties": members}]})
        return {"$ref": f"#/components/schemas/{name}"}

    def _component(self, name: str, schema: Schema) -> None:
        component = ResolvedComponent(  # type: ignore[no-untyped-call]
            name, ResolvedComponent.SCHEMA, schema=schema, object=name
        )
        self.registry.register_on_missing(component)

    def _get_response_for_code(
        self, serializer: Any, status_code: str, *args: Any, **kwargs: Any
    ) -> Schema:
        """Describe errors as what they are: problem documents, whatever the view renders else."""
        response: Schema = super()._get_response_for_code(serializer, status_code, *args, **kwargs)  # type: ignore[no-untyped-call]
        if int(status_code) < 400:
            return response
        if content := response.get("content"):
            response["content"] = {CONTENT_TYPE: next(iter(content.values()))}
        kind = problem_types.for_status(int(status_code))
        if kind is not None and not getattr(serializer, "description", ""):
            response["description"] = kind.title
        return response


def _is_guarded(schema: SpectacularSchema) -> bool:
    return any(isinstance(each, HasScope) for each in schema.view.get_permissions())


def _scopes(schema: SpectacularSchema) -> tuple[Scope, ...]:
    return scopes_for(schema.view, schema.method) if _is_guarded(schema) else ()


class TextFieldSchema(OpenApiSerializerFieldExtension):  # type: ignore[no-untyped-call]
    """Says of a text what makes it one: its pattern or its format."""

    target_class = TextField
    match_subclasses = True

    def map_serializer_field(self, auto_schema: SpectacularSchema, direction: str) -> Schema:
        """Return the schema of the field, but for its length, which is added by the library."""
        return {"type": "string", **self.target.schema}


class StrictSerializerSchema(OpenApiSerializerExtension):  # type: ignore[no-untyped-call]
    """Says that an object whose every field is declared has no others."""

    target_class = StrictSerializer
    match_subclasses = True

    def map_serializer(self, auto_schema: SpectacularSchema, direction: str) -> Schema:
        """Return the library's schema, closed in requests; answers may grow with a release."""
        schema: Schema = auto_schema._map_serializer(  # type: ignore[no-untyped-call]  # noqa: SLF001  as its documentation shows
            self.target, direction, bypass_extensions=True
        )
        return {**schema, "additionalProperties": False} if direction == "request" else schema


class ApiKeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """Describes `ApiKeyAuthentication`: HTTP bearer, with the operation's scopes (OpenAPI 3.1)."""

    target_class = ApiKeyAuthentication
    name = "apiKey"

    def get_security_definition(self, auto_schema: SpectacularSchema) -> dict[str, str]:
        """Return the security scheme."""
        return {
            "type": "http",
            "scheme": "bearer",
            "description": "An API key, from `manage.py create_api_key NAME` or the admin.",
        }

    def get_security_requirement(self, auto_schema: SpectacularSchema) -> dict[str, list[str]]:
        """Return what the operation needs of the scheme: the names of its scopes."""
        return {self.name: [str(scope) for scope in _scopes(auto_schema)]}
