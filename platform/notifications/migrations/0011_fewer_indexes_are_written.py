"""Each mail is written three times (enqueued, claimed, recorded), and each time to every index.

Those that go: of causes, which are looked for by their reference too; of the provider and of the
Message-ID where there is none, or one that names the row; the beginning of an idempotency key.
"""

from django.db import migrations, models

from access.online_migrations import AddIndexOnline, DropPatternIndex, RemoveIndexOnline


class Migration(migrations.Migration):

    atomic = False

    dependencies = [
        ('notifications', '0010_mail_continues_its_requests_trace'),
    ]

    operations = [
        AddIndexOnline(
            model_name='notification',
            index=models.Index(condition=models.Q(('provider', ''), _negated=True), fields=['provider', '-created_at'], name='notification_by_provider'),
        ),
        AddIndexOnline(
            model_name='notification',
            index=models.Index(condition=models.Q(('event', 'django.mail')), fields=['message_id'], name='notification_brought_id'),
        ),
        RemoveIndexOnline(
            model_name='notification',
            name='notification_source',
        ),
        RemoveIndexOnline(
            model_name='notification',
            name='notification_message_id',
        ),
        RemoveIndexOnline(
            model_name='notification',
            name='notification_provider',
        ),
        DropPatternIndex('notification', 'idempotency_key'),
    ]
