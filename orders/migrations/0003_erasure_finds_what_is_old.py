from django.db import migrations, models

from access.online_migrations import AddIndexOnline


class Migration(migrations.Migration):

    atomic = False

    dependencies = [
        ('orders', '0002_orders_can_be_erased'),
    ]

    operations = [
        AddIndexOnline(
            model_name='order',
            index=models.Index(
                condition=models.Q(('erased_at__isnull', True)),
                fields=['updated_at'],
                name='order_to_erase',
            ),
        ),
    ]
