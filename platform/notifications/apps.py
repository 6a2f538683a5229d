"""The Django application."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class NotificationsConfig(AppConfig):
    """Registers the models under the label `notifications`."""

    name = "notifications"
    verbose_name = _("Notifications")

    def ready(self) -> None:
        """Register the events that are Postroom's own: free messages, and the daily report."""
        # Imported here: contracts read settings, which are complete only by now.
        from notifications import messages, report_contract
        from templating import contracts

        contracts.register(messages.CONTRACT)
        contracts.register(report_contract.CONTRACT)
