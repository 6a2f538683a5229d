"""Notifications and their records in the admin: to read, and to act upon with a reason."""

from notifications.admin.bulk_operation import BulkOperationAdmin
from notifications.admin.notification import NotificationAdmin
from notifications.admin.records import (
    DeliveryAttemptAdmin,
    DeliveryRollupAdmin,
    HeartbeatAdmin,
    ProviderEventAdmin,
)
from notifications.admin.suppression import SuppressionAdmin

__all__ = [
    "BulkOperationAdmin",
    "DeliveryAttemptAdmin",
    "DeliveryRollupAdmin",
    "HeartbeatAdmin",
    "NotificationAdmin",
    "ProviderEventAdmin",
    "SuppressionAdmin",
]
