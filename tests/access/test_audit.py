"""The audit log: what was done, by whom, and no way to change it."""

import uuid
from decimal import Decimal

import pytest
from django.contrib.auth.models import AnonymousUser, User
from django.db import IntegrityError, transaction
from django.test import RequestFactory
from django.utils import timezone

from access import audit
from access.actors import Actor, ActorKind
from access.models import AppendOnly, AuditEntry

pytestmark = pytest.mark.django_db


def entry() -> AuditEntry:
    return audit.record(
        actor=Actor.system("relay"),
        action="notification.retry",
        target_type="notification",
        target_id="42",
        reason="The provider is back.",
        data={"at": timezone.now(), "total": Decimal("1.10"), "id": uuid.uuid4()},
    )


def test_an_entry_says_who_what_to_which_why_and_when() -> None:
    entry()
    row = AuditEntry.objects.get()
    assert (row.actor_kind, row.actor_id, row.actor_label) == ("system", "relay", "relay")
    assert (row.action, row.target_type, row.target_id) == (
        "notification.retry",
        "notification",
        "42",
    )
    assert row.reason == "The provider is back."
    assert row.data["total"] == "1.10"
    assert abs((timezone.now() - row.at).total_seconds()) < 60


def test_an_entry_cannot_be_changed() -> None:
    made = entry()
    made.reason = "Another."
    ways = (
        made.save,
        lambda: AuditEntry.objects.filter(pk=made.pk).update(reason="Another."),
        lambda: AuditEntry.objects.bulk_update([made], ["reason"]),
        lambda: AuditEntry.objects.update_or_create(pk=made.pk, defaults={"reason": "Another."}),
    )
    for way in ways:
        with pytest.raises(AppendOnly), transaction.atomic():
            way()
    assert AuditEntry.objects.get().reason == "The provider is back."


def test_an_entry_cannot_be_deleted() -> None:
    made = entry()
    with pytest.raises(AppendOnly):
        made.delete()
    with pytest.raises(AppendOnly):
        AuditEntry.objects.all().delete()
    assert AuditEntry.objects.count() == 1


def test_the_action_and_its_entry_stand_or_fall_together() -> None:
    def act() -> None:
        with transaction.atomic():
            entry()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        act()
    assert not AuditEntry.objects.exists()


def test_an_unknown_kind_of_actor_is_refused_by_the_database() -> None:
    made = entry()
    made.pk, made._state.adding, made.actor_kind = None, True, "ghost"
    with pytest.raises(IntegrityError), transaction.atomic():
        made.save()


def test_a_signed_in_user_is_an_actor_and_a_stranger_is_none() -> None:
    request = RequestFactory().get("/")
    request.user = User.objects.create_user("minji")
    actor = Actor.from_request(request)
    assert (actor.kind, actor.label) == (ActorKind.USER, "minji")
    request.user = AnonymousUser()
    with pytest.raises(ValueError, match="anonymous"):
        Actor.from_request(request)


def test_a_label_of_any_length_is_recorded() -> None:
    actor = Actor(kind=ActorKind.USER, id="1", label="x" * 500)
    made = audit.record(actor=actor, action="a", target_type="t", target_id="1")
    assert made.actor_label == "x" * 200
