"""The records: what is owed, each try, and what providers and people said about it."""

from notifications.models.attempt import AttemptOutcome, DeliveryAttempt, NextStep, Phase
from notifications.models.audit_run import AuditRun
from notifications.models.bulk_operation import BulkChunk, BulkOperation
from notifications.models.heartbeat import Heartbeat
from notifications.models.named import is_named
from notifications.models.notification import (
    READY_MADE,
    Notification,
    NotificationQuerySet,
    Role,
    id_in_message_id,
    own_message_id,
)
from notifications.models.prefix import ByBytes, Prefix
from notifications.models.provider_event import ProviderEvent
from notifications.models.rollup import DeliveryRollup, HourlyRollup, Rollup
from notifications.models.stored_mail import StoredMail, StoredPart
from notifications.models.suppression import Suppression, SuppressionReason

__all__ = [
    "READY_MADE",
    "AttemptOutcome",
    "AuditRun",
    "BulkChunk",
    "BulkOperation",
    "ByBytes",
    "DeliveryAttempt",
    "DeliveryRollup",
    "Heartbeat",
    "HourlyRollup",
    "NextStep",
    "Notification",
    "NotificationQuerySet",
    "Phase",
    "Prefix",
    "ProviderEvent",
    "Role",
    "Rollup",
    "StoredMail",
    "StoredPart",
    "Suppression",
    "SuppressionReason",
    "id_in_message_id",
    "is_named",
    "own_message_id",
]
