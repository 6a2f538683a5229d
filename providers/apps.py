"""Django's registration of the providers package; it brings management commands and no models."""

from django.apps import AppConfig


class ProvidersConfig(AppConfig):
    name = "providers"
    verbose_name = "Email providers"
