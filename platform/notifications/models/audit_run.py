"""What the last audits found."""

from django.db import models


class AuditRun(models.Model):
    """One run of the audit: what should have been mailed and was not, and what is overdue.

    `findings` lists the first of each, as references that a person knows; the counts are whole.
    """

    at = models.DateTimeField()
    since = models.DateTimeField()
    until = models.DateTimeField()
    missing_count = models.PositiveIntegerField()
    overdue_count = models.PositiveIntegerField()
    findings = models.JSONField(default=list)

    class Meta:
        ordering = ["-at"]
        indexes = [models.Index(fields=["-at"], name="audit_run_at")]
        default_permissions = ("view",)

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {'clean' if self.is_clean else 'findings'}"

    @property
    def is_clean(self) -> bool:
        """Whether nothing was found."""
        return self.missing_count == 0 and self.overdue_count == 0
