"""A person's request to be forgotten, whatever the retention period says."""

from dataclasses import dataclass
from uuid import UUID

from django.db.models import QuerySet
from django.utils import timezone

from access import audit
from access.actors import Actor
from notifications import erasure, operations
from notifications.models import Notification, Suppression
from notifications.states import CANCELLABLE, Status
from notifications.suppressions import normalise
from providers import routing

ACTION = "person.erase"
CHUNK = 500


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What a request concerns (a dry run), or what was done about it.

    Attributes:
        mails: notifications that hold the person's data.
        waiting: those of them that had not left, and are cancelled first.
        sending: those that a worker has in hand now: to be asked for again in a minute.
        others: further records by keeper (`{"orders": 2}`).
        is_suppressed: the address is on the suppression list.
    """

    mails: int
    waiting: int
    sending: int
    others: dict[str, int]
    is_suppressed: bool


def look(address: str) -> Outcome:
    """Return what a request for this address concerns; change nothing."""
    concerned = erasure.mail_of(address)
    return Outcome(
        mails=concerned.count(),
        waiting=concerned.filter(status__in=CANCELLABLE).count(),
        sending=concerned.filter(status=Status.SENDING).count(),
        others={keeper.name: keeper.count_of(address) for keeper in erasure.keepers()},
        is_suppressed=Suppression.objects.filter(address=normalise(address)).exists(),
    )


def fulfil(address: str, *, actor: Actor, reason: str, forget_suppression: bool = False) -> Outcome:
    """Cancel what has not left, erase what is known of the person, and put it on record.

    1. Mail that waits is cancelled: without its data it could not be made.
    2. All their mail is erased, the shop's own copies about them included.
    3. So is what others keep (orders); last, since they tell which mail is concerned.
    4. The audit log says that it was done, with a keyed digest in place of the address.

    The entry on the suppression list stays unless `forget_suppression`: it is what keeps mail from
    somebody who complained. Whatever is being sent at this moment is left; `sending` counts it.
    """
    before = look(address)
    ids = _ids(erasure.mail_of(address).filter(status__in=CANCELLABLE))
    for chunk in _chunks(ids):
        operations.cancel(chunk, actor=actor, reason=reason)
    ids = _ids(erasure.mail_of(address))
    erased = sum(erasure.erase(chunk) for chunk in _chunks(ids))
    sending = len(ids) - erased
    others = before.others
    if sending == 0:
        now = timezone.now()
        others = {one.name: one.erase_of(address, now=now) for one in erasure.keepers()}
    if forget_suppression:
        Suppression.objects.filter(address=normalise(address)).delete()
    counts = {"mails": erased, "cancelled": before.waiting, "left": sending, "others": others}
    audit.record(
        actor=actor,
        action=ACTION,
        target_type="person",
        target_id=routing.recipient_hash(address),
        reason=reason,
        data=counts | {"suppression_forgotten": forget_suppression and before.is_suppressed},
    )
    return Outcome(
        mails=erased,
        waiting=before.waiting,
        sending=sending,
        others=others,
        is_suppressed=before.is_suppressed and not forget_suppression,
    )


def _ids(rows: QuerySet[Notification]) -> list[UUID]:
    return list(rows.values_list("pk", flat=True))


def _chunks(ids: list[UUID]) -> list[list[UUID]]:
    return [ids[start : start + CHUNK] for start in range(0, len(ids), CHUNK)]
