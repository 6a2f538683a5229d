"""The Django application."""

from django.apps import AppConfig


class NotificationsConfig(AppConfig):
    """Registers the models under the label `notifications`."""

    name = "notifications"
    verbose_name = "Notifications"

    def ready(self) -> None:
        """Register the event that is Postroom's own: the daily report."""
        # Imported here: contracts read settings, which are complete only by now.
        from notifications import report_contract
        from templating import contracts

        contracts.register(report_contract.CONTRACT)
