"""The app's registration with Django."""

from django.apps import AppConfig


class StudioConfig(AppConfig):
    """Drafts of templates, and all that leads from a draft to live mail."""

    name = "studio"
    verbose_name = "Templates"
