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
