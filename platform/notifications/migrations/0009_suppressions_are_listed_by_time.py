from django.db import migrations, models

from access.online_migrations import AddIndexOnline


class Migration(migrations.Migration):
    atomic = False  # the index is built while others write

    dependencies = [
        ("notifications", "0008_lists_find_by_filter"),
    ]

    operations = [
        AddIndexOnline(
            model_name="suppression",
            index=models.Index(fields=["-created_at", "-id"], name="suppression_created"),
        ),
    ]
