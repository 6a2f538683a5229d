"""The groups Operator, Editor and Viewer, and how they follow their table."""

import pytest
from django.apps import apps
from django.contrib.auth.models import Group, Permission, User
from django.core.management import call_command

from access.roles import ROLES

pytestmark = pytest.mark.django_db


def permissions_of(role: str) -> set[str]:
    user = User.objects.create_user(f"a-{role}")
    user.groups.add(Group.objects.get(name=role))
    return user.get_all_permissions()


def existing() -> set[str]:
    rows = Permission.objects.values_list("content_type__app_label", "codename")
    return {f"{label}.{codename}" for label, codename in rows}


@pytest.mark.parametrize("role", ROLES)
def test_a_role_has_all_of_its_permissions_that_exist_and_no_other(role: str) -> None:
    assert permissions_of(role) == ROLES[role] & existing()


def test_an_operator_reads_the_audit_log_and_a_viewer_does_not() -> None:
    assert "access.view_auditentry" in permissions_of("Operator")
    assert "access.view_auditentry" not in permissions_of("Viewer")


def test_no_role_makes_or_revokes_api_keys() -> None:
    assert not any("apikey" in name for names in ROLES.values() for name in names)


def test_a_group_that_drifted_is_brought_back_by_the_next_migrate() -> None:
    viewer = Group.objects.get(name="Viewer")
    viewer.permissions.set(Permission.objects.filter(codename="view_auditentry"))
    unrelated = Permission.objects.get(codename="view_user")
    viewer.permissions.add(unrelated)
    Group.objects.get(name="Editor").delete()
    call_command("migrate", verbosity=0)
    assert permissions_of("Viewer") == (ROLES["Viewer"] & existing()) | {"auth.view_user"}
    assert permissions_of("Editor") == ROLES["Editor"] & existing()


@pytest.mark.parametrize("label", ["access", "notifications", "orders", "templating"])
def test_each_permission_of_a_model_that_exists_exists(label: str) -> None:
    """A misspelt codename would otherwise be passed over like one of an app to come."""
    if not apps.is_installed(label):
        return
    models = {model._meta.model_name for model in apps.get_app_config(label).get_models()}
    named = {name for name in set().union(*ROLES.values()) if name.startswith(f"{label}.")}
    due = {name for name in named if name.rpartition("_")[2] in models}
    assert due <= existing()
