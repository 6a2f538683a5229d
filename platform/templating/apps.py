"""The app's registration with Django."""

from django.apps import AppConfig


class TemplatingConfig(AppConfig):
    """Contracts, templates and the one function that renders them."""

    name = "templating"
    verbose_name = "Templates"
