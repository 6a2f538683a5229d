"""A mail that came ready-made (from Django's `send_mail`), kept as it is to leave."""

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models


class StoredMail(models.Model):
    """What a notification sends instead of a rendered template. Erased with its recipient.

    `envelope` holds all that is text, as `notifications.stored_mail` writes and reads it; the
    attachments are rows of their own, which lists need not load.
    """

    notification = models.OneToOneField(
        "notifications.Notification",
        on_delete=models.CASCADE,
        primary_key=True,
        related_name="stored_mail",
    )
    envelope = models.JSONField(encoder=DjangoJSONEncoder)
    digest = models.CharField(max_length=64)
    size = models.PositiveIntegerField()  # in bytes, as it goes over the wire

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return self.digest[:12]


class StoredPart(models.Model):
    """One attachment."""

    mail = models.ForeignKey(StoredMail, on_delete=models.CASCADE, related_name="parts")
    position = models.PositiveIntegerField()
    # How Django held it: text, bytes, another mail, or a MIME part with headers of its own.
    kind = models.CharField(max_length=10)
    filename = models.CharField(max_length=255, blank=True)
    mimetype = models.CharField(max_length=255, blank=True)
    content = models.BinaryField()

    class Meta:
        default_permissions = ()
        ordering = ("position",)
        constraints = (
            models.UniqueConstraint(fields=["mail", "position"], name="stored_part_once"),
        )

    def __str__(self) -> str:
        return f"{self.position} {self.mimetype}"
