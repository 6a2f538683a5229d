"""Mail that no order caused: scheduled, with a Reply-To and tags of its own, or ready-made."""

import django.core.serializers.json
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("notifications", "0005_erasure_finds_what_is_old")]

    operations = [
        migrations.AddField(
            model_name="notification",
            name="reply_to",
            # The database's default too: a release before this one inserts without these columns.
            field=models.CharField(blank=True, db_default="", default="", max_length=320),
        ),
        migrations.AddField(
            model_name="notification",
            name="tags",
            field=models.JSONField(
                blank=True, db_default=models.Value([], models.JSONField()), default=list
            ),
        ),
        migrations.AddField(
            model_name="notification",
            name="send_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AlterField(
            model_name="notification",
            name="role",
            field=models.CharField(
                choices=[
                    ("customer", "Customer"),
                    ("shop", "Shop's own copy"),
                    ("recipient", "Recipient"),
                ],
                default="customer",
                max_length=20,
            ),
        ),
        migrations.CreateModel(
            name="StoredMail",
            fields=[
                (
                    "notification",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="stored_mail",
                        serialize=False,
                        to="notifications.notification",
                    ),
                ),
                (
                    "envelope",
                    models.JSONField(encoder=django.core.serializers.json.DjangoJSONEncoder),
                ),
                ("digest", models.CharField(max_length=64)),
                ("size", models.PositiveIntegerField()),
            ],
            options={"default_permissions": ()},
        ),
        migrations.CreateModel(
            name="StoredPart",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("position", models.PositiveIntegerField()),
                ("kind", models.CharField(max_length=10)),
                ("filename", models.CharField(blank=True, max_length=255)),
                ("mimetype", models.CharField(blank=True, max_length=255)),
                ("content", models.BinaryField()),
                (
                    "mail",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="parts",
                        to="notifications.storedmail",
                    ),
                ),
            ],
            options={"ordering": ("position",), "default_permissions": ()},
        ),
        migrations.AddConstraint(
            model_name="storedpart",
            constraint=models.UniqueConstraint(
                fields=("mail", "position"), name="stored_part_once"
            ),
        ),
    ]
