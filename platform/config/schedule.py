"""What beat starts, and how often; see `config.beat`. Every task here may run twice at once."""

PERIODIC = {
    "relay": {
        "task": "notifications.relay",
        "schedule": 5.0,
        "options": {"queue": "periodic", "expires": 15},
    },
    "audit": {
        "task": "notifications.audit",
        "schedule": 300.0,
        "options": {"queue": "periodic", "expires": 300},
    },
    "daily_report": {
        "task": "notifications.daily_report",
        "schedule": 300.0,
        "options": {"queue": "periodic", "expires": 300},
    },
    "keep_rollups": {
        "task": "notifications.keep_rollups",
        "schedule": 60.0,
        "options": {"queue": "periodic", "expires": 60},
    },
    "erase": {
        "task": "notifications.erase",
        "schedule": 60.0,
        "options": {"queue": "backlog", "expires": 60},
    },
    "forget_idempotency_keys": {
        "task": "access.forget_idempotency_keys",
        "schedule": 600.0,
        "options": {"queue": "periodic", "expires": 600},
    },
}
