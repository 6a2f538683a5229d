"""Indexes that begin with the order find its lines and events: one of the order alone does not
find them sooner, and is written with each of them.
"""

import django.db.models.deletion
from django.db import migrations, models

from access.online_migrations import UnindexForeignKeyOnline


class Migration(migrations.Migration):

    atomic = False

    dependencies = [
        ('orders', '0004_who_may_place_test_orders'),
    ]

    operations = [
        UnindexForeignKeyOnline(
            model_name='orderevent',
            name='order',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='events', to='orders.order'),
        ),
        UnindexForeignKeyOnline(
            model_name='orderline',
            name='order',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='lines', to='orders.order'),
        ),
    ]
