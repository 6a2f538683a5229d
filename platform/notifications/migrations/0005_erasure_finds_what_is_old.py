from django.db import migrations, models

from access.online_migrations import AddIndexOnline


class Migration(migrations.Migration):

    atomic = False

    dependencies = [
        ('notifications', '0004_rollups_by_the_hour_with_histograms'),
    ]

    operations = [
        AddIndexOnline(
            model_name='notification',
            index=models.Index(
                condition=models.Q(('erased_at__isnull', True), ('finished_at__isnull', False)),
                fields=['finished_at'],
                name='notification_to_erase',
            ),
        ),
        AddIndexOnline(
            model_name='providerevent',
            index=models.Index(
                condition=models.Q(('notification__isnull', True)),
                fields=['received_at'],
                name='provider_event_unmatched',
            ),
        ),
    ]
