"""The roles of people in the admin, as Django groups that follow the table below.

The groups are brought in step after every migration, so a release that adds a permission also hands
it out. What somebody adds to these groups by hand is taken away again; for other mixtures make
groups of your own. API keys and users are left to superusers.
"""

from collections.abc import Mapping
from typing import Any

from django.apps import AppConfig

OPERATOR = "Operator"
EDITOR = "Editor"
LEAD_EDITOR = "Lead editor"
VIEWER = "Viewer"

_SEE = frozenset(
    {
        "orders.view_order",
        "orders.view_orderline",
        "orders.view_orderevent",
        "notifications.view_notification",
        "notifications.view_deliveryattempt",
        "notifications.view_providerevent",
        "notifications.view_suppression",
        "notifications.view_deliveryrollup",
        "notifications.view_heartbeat",
        "notifications.view_auditrun",
        "notifications.view_bulkoperation",
        "templating.view_template",
        "templating.view_templateversion",
    }
)
_OPERATE = frozenset(
    {
        "notifications.retry_notification",
        "notifications.cancel_notification",
        "notifications.redrive_notification",
        "notifications.resolve_notification",
        "notifications.see_recipients",
        "notifications.add_suppression",
        "notifications.change_suppression",
        "notifications.delete_suppression",
        "access.view_auditentry",
        "orders.place_test_order",
        "orders.record_event",
    }
)
_EDIT = frozenset(
    {
        "templating.add_template",
        "templating.change_template",
        "templating.publish_template",
        "templating.test_template",
        "templating.add_templateversion",
        "templating.change_templateversion",
    }
)

# Publishing a template that fails on real orders: for whoever answers for it.
_OVERRIDE = frozenset({"templating.override_template"})

# Permissions of apps or models that are not there (yet) are passed over until they are.
ROLES: Mapping[str, frozenset[str]] = {
    OPERATOR: _SEE | _OPERATE,
    EDITOR: _SEE | _EDIT,
    LEAD_EDITOR: _SEE | _EDIT | _OVERRIDE,
    VIEWER: _SEE,
}


def grant_role_permissions(*, app_config: AppConfig, using: str, **_signal: Any) -> None:
    """Give each role its permissions of one app. Receives `post_migrate`, sent for each app."""
    # Imported here: this module is loaded before the models of other apps are.
    from django.contrib.auth.models import Group, Permission
    from django.db import router

    label = app_config.label
    concerned = any(name.startswith(f"{label}.") for names in ROLES.values() for name in names)
    if not concerned or not router.allow_migrate_model(using, Group):
        return
    of_app = Permission.objects.using(using).filter(content_type__app_label=label)
    ids = {f"{label}.{codename}": pk for pk, codename in of_app.values_list("pk", "codename")}
    for role, names in ROLES.items():
        group, _ = Group.objects.using(using).get_or_create(name=role)
        held = set(
            group.permissions.filter(content_type__app_label=label).values_list("pk", flat=True)
        )
        wanted = {ids[name] for name in names if name in ids}
        group.permissions.add(*(wanted - held))
        group.permissions.remove(*(held - wanted))
