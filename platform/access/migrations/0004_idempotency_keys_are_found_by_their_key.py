"""The unique key of an idempotency key begins with its API key: one index of it is enough."""

import django.db.models.deletion
from django.db import migrations, models

from access.online_migrations import UnindexForeignKeyOnline


class Migration(migrations.Migration):

    atomic = False

    dependencies = [
        ('access', '0003_audit_log_is_searched'),
    ]

    operations = [
        UnindexForeignKeyOnline(
            model_name='idempotencykey',
            name='api_key',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='access.apikey'),
        ),
    ]
