"""The Django application; it owns the management commands `up` and `settings_docs`."""

from django.apps import AppConfig
from django.db.backends.signals import connection_created

from config import telemetry
from config.sqlite_limits import raise_parameter_limit


class ConfigConfig(AppConfig):
    """Registers the label `config`, telemetry, and what every new database connection needs."""

    name = "config"

    def ready(self) -> None:
        """Start what tells of errors; listen for new connections."""
        telemetry.start()
        connection_created.connect(raise_parameter_limit, dispatch_uid="config.sqlite_limits")
