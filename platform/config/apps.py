"""The Django application; it owns the management commands `up` and `settings_docs`."""

from django.apps import AppConfig


class ConfigConfig(AppConfig):
    """Registers the label `config`."""

    name = "config"
