"""The records: what is owed, each try, and what providers and people said about it."""

from notifications.models.attempt import AttemptOutcome, DeliveryAttempt, NextStep, Phase
from notifications.models.audit_run import AuditRun
from notifications.models.bulk_operation import BulkChunk, BulkOperation
from notifications.models.heartbeat import Heartbeat
from notifications.models.notification import Notification, NotificationQuerySet, Role
from notifications.models.prefix import ByBytes, Prefix
from notifications.models.provider_event import ProviderEvent
from notifications.models.rollup import DeliveryRollup, HourlyRollup, Rollup
from notifications.models.stored_mail import StoredMail, StoredPart
from notifications.models.suppression import Suppression, SuppressionReason

__all__ = [
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
]
