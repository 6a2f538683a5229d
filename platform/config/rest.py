"""How Django REST Framework and its companions are set; nothing here is an operator's choice."""

FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["access.authentication.ApiKeyAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["access.permissions.HasScope"],
    "DEFAULT_THROTTLE_CLASSES": ["access.throttling.ApiKeyThrottle"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["access.parsers.StrictJSONParser"],
    "DEFAULT_FILTER_BACKENDS": [
        "access.lists.StrictQueryBackend",
        "django_filters.rest_framework.DjangoFilterBackend",
        "access.lists.OrderingBackend",
    ],
    "DEFAULT_SCHEMA_CLASS": "access.openapi.AutoSchema",
    "DEFAULT_PAGINATION_CLASS": "access.pagination.CursorPagination",
    "EXCEPTION_HANDLER": "drf_standardized_errors.handler.exception_handler",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
    "UNAUTHENTICATED_USER": None,
    # Formats are asked for by Accept; a `?format=` that DRF does not know would be a 404.
    "URL_FORMAT_OVERRIDE": None,
}

ERRORS = {
    "EXCEPTION_HANDLER_CLASS": "access.problem_documents.ProblemHandler",
    "EXCEPTION_FORMATTER_CLASS": "access.problem_documents.ProblemFormatter",
    # A client gets a problem document in development too; the traceback is in the log.
    "ENABLE_IN_DEBUG_FOR_UNHANDLED_EXCEPTIONS": True,
}

SCHEMA = {
    "TITLE": "Postroom",
    "DESCRIPTION": "Orders and their events in, delivered email out.",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "ENUM_NAME_OVERRIDES": {
        "OrderStatus": "orders.states.Status.choices",
        "NotificationStatus": "notifications.states.Status.choices",
    },
    "SERVE_INCLUDE_SCHEMA": False,
    # Only so does it say that a text which must not be blank has at least one character.
    "COMPONENT_SPLIT_REQUEST": True,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
}
