"""An action on many notifications: the operation, and the chunks that it is done in."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('notifications', '0006_scheduled_and_ready_made_mail'),
    ]

    operations = [
        migrations.CreateModel(
            name='BulkChunk',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.PositiveIntegerField()),
                ('ids', models.JSONField()),
                ('size', models.PositiveIntegerField()),
                ('published_at', models.DateTimeField(blank=True, null=True)),
                ('done_at', models.DateTimeField(blank=True, null=True)),
                ('acted', models.PositiveIntegerField(default=0)),
            ],
            options={
                'ordering': ['number'],
                'default_permissions': (),
            },
        ),
        migrations.CreateModel(
            name='BulkOperation',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('action', models.CharField(choices=[('retry', 'Retry now'), ('redrive', 'Redrive'), ('resolve_arrived', 'It arrived'), ('resolve_not_arrived', 'It did not arrive'), ('cancel', 'Cancel')], max_length=30)),
                ('selection', models.CharField(blank=True, max_length=500)),
                ('plan', models.JSONField(default=dict)),
                ('total', models.PositiveIntegerField(default=0)),
                ('actor_kind', models.CharField(max_length=16)),
                ('actor_id', models.CharField(max_length=64)),
                ('actor_label', models.CharField(max_length=200)),
                ('reason', models.CharField(blank=True, max_length=500)),
                ('created_at', models.DateTimeField()),
                ('confirmed_at', models.DateTimeField(blank=True, null=True)),
                ('stopped_at', models.DateTimeField(blank=True, null=True)),
                ('finished_at', models.DateTimeField(blank=True, null=True)),
            ],
            options={
                'verbose_name': 'bulk operation',
                'verbose_name_plural': 'bulk operations',
                'ordering': ['-id'],
                'default_permissions': ('view',),
            },
        ),
        migrations.AlterModelOptions(
            name='notification',
            options={'default_permissions': ('view',), 'permissions': [('retry_notification', 'Can retry a notification now'), ('cancel_notification', 'Can cancel a notification'), ('redrive_notification', 'Can redrive a dead letter'), ('resolve_notification', 'Can resolve an unknown outcome'), ('see_recipients', 'Can see recipients where addresses are masked')]},
        ),
        migrations.AddIndex(
            model_name='bulkoperation',
            index=models.Index(condition=models.Q(('confirmed_at__isnull', False), ('finished_at__isnull', True)), fields=['confirmed_at'], name='bulk_operation_running'),
        ),
        migrations.AddConstraint(
            model_name='bulkoperation',
            constraint=models.CheckConstraint(condition=models.Q(('action__in', ['retry', 'redrive', 'resolve_arrived', 'resolve_not_arrived', 'cancel'])), name='bulk_operation_action_is_known'),
        ),
        migrations.AddField(
            model_name='bulkchunk',
            name='operation',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='chunks', to='notifications.bulkoperation'),
        ),
        migrations.AddConstraint(
            model_name='bulkchunk',
            constraint=models.UniqueConstraint(fields=('operation', 'number'), name='bulk_chunk_once'),
        ),
    ]
