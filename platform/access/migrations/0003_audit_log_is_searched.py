from django.db import migrations, models

from access.online_migrations import AddIndexOnline


class Migration(migrations.Migration):
    atomic = False  # indexes are built while others write

    dependencies = [
        ("access", "0002_idempotency_key"),
    ]

    operations = [
        AddIndexOnline(
            model_name="auditentry",
            index=models.Index(fields=["action", "-at", "-id"], name="audit_by_action"),
        ),
        AddIndexOnline(
            model_name="auditentry",
            index=models.Index(fields=["actor_label", "-at", "-id"], name="audit_by_actor"),
        ),
    ]
