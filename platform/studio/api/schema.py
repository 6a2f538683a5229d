"""What the published schema says of templates: their addresses, conflicts and examples."""

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse

PROBLEM = {"$ref": "#/components/schemas/Problem"}
PLACE = {
    "type": "object",
    "description": "Where and why it cannot be rendered.",
    "properties": {
        "template": {"type": "string"},
        "line": {"type": ["integer", "null"]},
        "message": {"type": "string"},
        "code": {"type": "string"},
    },
}

EVENT = OpenApiParameter(
    "event", OpenApiTypes.STR, OpenApiParameter.PATH, description="Such as `order.shipped`."
)
LOCALE = OpenApiParameter(
    "locale", OpenApiTypes.STR, OpenApiParameter.PATH, description="Such as `ko` or `pt-BR`."
)
MAIL = [EVENT, LOCALE]
NUMBER = OpenApiParameter(
    "number", OpenApiTypes.INT, OpenApiParameter.PATH, description="The version's number."
)
REVISION = OpenApiParameter(
    "revision",
    {"type": "integer", "minimum": 1, "maximum": 999_999_999},
    required=True,
    description="The draft's revision, as it was seen.",
)


def _problem(description: str, **members: Any) -> OpenApiResponse:
    return OpenApiResponse(
        {"allOf": [PROBLEM, {"type": "object", "properties": members}]}, description
    )


DRAFT = {"type": ["object", "null"], "description": "The draft as it is now, with its texts."}
NOT_RENDERED = _problem("The mail cannot be rendered (`rendering_failed`).", error=PLACE)
UNUSABLE_DATA = _problem(
    "The contract refuses the context (`context_refused`), or has no such sample "
    "(`unprocessable`).",
    errors={"type": "array", "items": {"type": "object"}},
)
DRAFT_CHANGED = _problem("Somebody else was quicker (`draft_changed`).", draft=DRAFT)
NOT_PUBLISHED = _problem(
    "Nothing was published: the draft has changed (`draft_changed`), something else is live than "
    "what it was begun on (`live_changed`), somebody else published it at the same moment "
    "(`overtaken`), the checker found what would stop mail (`blocked`), or real mails would fail "
    "(`gate`), which people with the right can override in the admin.",
    draft=DRAFT,
    problems={"type": "array", "items": {"type": "object"}},
    gate={"type": "array", "items": {"type": "object"}},
    effect={"type": "object", "additionalProperties": {"type": "integer"}},
)

PREVIEW_EXAMPLES = [
    OpenApiExample(
        "A subject that is not saved yet",
        value={"subject": "{{ order.number }} has left", "sample": "forty lines"},
        request_only=True,
    )
]
DRAFT_EXAMPLES = [
    OpenApiExample(
        "A new subject",
        value={"revision": None, "subject": "{{ order.number }} has left"},
        request_only=True,
    )
]
PUBLISH_EXAMPLES = [
    OpenApiExample(
        "Publish the draft", value={"revision": 1, "note": "Shorter subject"}, request_only=True
    )
]
ROLLBACK_EXAMPLES = [
    OpenApiExample("Back to version 2", value={"version": 2, "note": ""}, request_only=True),
    OpenApiExample("Back to the files", value={"version": None, "note": ""}, request_only=True),
]
