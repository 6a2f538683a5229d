"""What the published schema says of the conflicts of notifications."""

from drf_spectacular.utils import OpenApiResponse

from notifications.states import Status

PROBLEM = {"$ref": "#/components/schemas/Problem"}
_STATE = {"type": "string", "enum": Status.values}

NOT_NOW = OpenApiResponse(
    {
        "allOf": [
            PROBLEM,
            {
                "type": "object",
                "properties": {
                    "status_now": _STATE | {"description": "Where the notification stands."},
                    "allowed_in": {
                        "type": "array",
                        "items": _STATE,
                        "description": "Where it would have to stand.",
                    },
                },
            },
        ]
    },
    "The notification's state does not allow it (`illegal_state`).",
)
NO_CONTENT = OpenApiResponse(
    {
        "allOf": [
            PROBLEM,
            {
                "type": "object",
                "properties": {
                    "template": {"type": ["string", "null"], "description": "Where it fails."},
                    "line": {"type": ["integer", "null"], "description": "In which line."},
                },
            },
        ]
    },
    "The mail cannot be rendered (any more): `content_erased`, `rendering_failed`.",
)
NOT_SENDABLE = OpenApiResponse(
    {
        "allOf": [
            PROBLEM,
            {
                "type": "object",
                "properties": {
                    "errors": {
                        "type": "array",
                        "items": {"$ref": "#/components/schemas/FieldError"},
                        "description": "What the context lacks or has wrong, each with a pointer.",
                    },
                    "template": {"type": ["string", "null"], "description": "Where it fails."},
                    "line": {"type": ["integer", "null"], "description": "In which line."},
                },
            },
        ]
    },
    "The context does not satisfy the event's contract (`context_refused`), the mail cannot be "
    "rendered with it (`rendering_failed`), or a key was used for something else "
    "(`idempotency_key_reused`).",
)
