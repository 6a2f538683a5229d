from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('notifications', '0009_suppressions_are_listed_by_time'),
    ]

    operations = [
        migrations.AddField(
            model_name='notification',
            name='traceparent',
            field=models.CharField(blank=True, db_default='', default='', max_length=55),
        ),
    ]
