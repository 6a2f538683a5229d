"""Registers the app, and keeps its role groups in step."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class AccessConfig(AppConfig):
    """API keys, scopes, roles, audit log, and the shape of every error."""

    name = "access"
    verbose_name = "Access"

    def ready(self) -> None:
        """Keep the role groups in step with their table after every migration."""
        # Imported here: models can be loaded only once the app registry is complete.
        from django.contrib import admin

        from access.login import LoginForm
        from access.roles import grant_role_permissions

        admin.site.login_form = LoginForm
        # Connected after django.contrib.auth's own receiver, which makes the permissions that
        # this one hands out: auth stands before access in INSTALLED_APPS.
        post_migrate.connect(grant_role_permissions, dispatch_uid="access.roles")
