"""The Django application."""

from django.apps import AppConfig


class NotificationsConfig(AppConfig):
    """Registers the models under the label `notifications`."""

    name = "notifications"
    verbose_name = "Notifications"
