"""An attempt's unique key begins with its notification: a second index of it finds nothing more."""

import django.db.models.deletion
from django.db import migrations, models

from access.online_migrations import UnindexForeignKeyOnline


class Migration(migrations.Migration):

    atomic = False

    dependencies = [
        ('notifications', '0011_fewer_indexes_are_written'),
    ]

    operations = [
        UnindexForeignKeyOnline(
            model_name='deliveryattempt',
            name='notification',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='attempts', to='notifications.notification'),
        ),
    ]
