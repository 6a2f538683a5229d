"""Each filter and the search of the admin's lists are answered from an index.

By reference and by recipient there were indexes before; PostgreSQL finds the beginning of a text
only in those with its pattern operators.
"""

from django.db import migrations, models

from access.online_migrations import AddIndexOnline


class Migration(migrations.Migration):

    atomic = False

    dependencies = [
        ('notifications', '0007_bulk_operations'),
    ]

    operations = [
        AddIndexOnline(
            model_name='deliveryattempt',
            index=models.Index(fields=['provider', '-id'], name='attempt_provider'),
        ),
        AddIndexOnline(
            model_name='deliveryattempt',
            index=models.Index(condition=models.Q(('outcome', 'accepted'), _negated=True), fields=['outcome', '-id'], name='attempt_failed'),
        ),
        AddIndexOnline(
            model_name='notification',
            index=models.Index(fields=['reference', '-created_at'], name='notification_by_reference', opclasses=['varchar_pattern_ops', 'timestamptz_ops']),
        ),
        AddIndexOnline(
            model_name='notification',
            index=models.Index(fields=['recipient', '-created_at'], name='notification_by_recipient', opclasses=['varchar_pattern_ops', 'timestamptz_ops']),
        ),
        AddIndexOnline(
            model_name='notification',
            index=models.Index(fields=['event', '-created_at'], name='notification_event'),
        ),
        AddIndexOnline(
            model_name='notification',
            index=models.Index(fields=['provider', '-created_at'], name='notification_provider'),
        ),
        AddIndexOnline(
            model_name='notification',
            index=models.Index(condition=models.Q(('error_kind', ''), _negated=True), fields=['error_kind', '-created_at'], name='notification_error'),
        ),
        AddIndexOnline(
            model_name='notification',
            index=models.Index(condition=models.Q(('status__in', ['failed', 'unknown'])), fields=['-created_at'], name='notification_attention'),
        ),
        AddIndexOnline(
            model_name='providerevent',
            index=models.Index(fields=['provider', '-id'], name='provider_event_provider'),
        ),
        AddIndexOnline(
            model_name='providerevent',
            index=models.Index(fields=['event_type', '-id'], name='provider_event_type'),
        ),
        migrations.RemoveIndex(
            model_name='notification',
            name='notification_reference',
        ),
        migrations.RemoveIndex(
            model_name='notification',
            name='notification_recipient',
        ),
    ]
