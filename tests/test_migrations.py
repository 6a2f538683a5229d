"""No migration breaks the release before it: both run on one database while a new one comes in.

The rule is in docs/upgrades.md. What was made before the first release is its starting point.
"""

from collections.abc import Iterator, Sequence

import pytest
from django.apps import apps
from django.core.management import call_command
from django.db import connection, migrations, models
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations.base import Operation

from access.online_migrations import (
    AddIndexOnline,
    DropPatternIndex,
    RemoveIndexOnline,
    UnindexForeignKeyOnline,
)

OURS = {"access", "notifications", "orders", "studio", "templating"}
# The last migration of the first release, by app; only what comes after them is judged.
RELEASED = {
    "access": "0003_audit_log_is_searched",
    "notifications": "0010_mail_continues_its_requests_trace",
    "orders": "0004_who_may_place_test_orders",
    "studio": "0001_drafts",
    "templating": "0002_override_permission",
}
# A migration that breaks the rule on purpose, and why that harms nobody.
EXCUSED: dict[str, str] = {}
TAKES_AWAY = (
    migrations.RemoveField,
    migrations.DeleteModel,
    migrations.RenameField,
    migrations.RenameModel,
    migrations.AlterModelTable,
)
ONLINE = (AddIndexOnline, RemoveIndexOnline, DropPatternIndex, UnindexForeignKeyOnline)


def problems(operations: Sequence[Operation], *, is_atomic: bool = True) -> Iterator[str]:
    """Say what of a migration the release before would stumble over, or writers would wait for."""
    new = {one.name.lower() for one in operations if isinstance(one, migrations.CreateModel)}
    for one in operations:
        if isinstance(one, TAKES_AWAY):
            yield f"{one.describe()}: the release before still uses it"
        elif isinstance(one, migrations.RunPython | migrations.RunSQL):
            yield f"{one.describe()}: move data by a task, in batches"
        elif getattr(one, "model_name", "").lower() not in new:
            yield from _problems_of_a_table_with_rows(one, is_atomic=is_atomic)


def _problems_of_a_table_with_rows(one: Operation, *, is_atomic: bool) -> Iterator[str]:
    if isinstance(one, ONLINE):
        if is_atomic:
            yield f"{one.describe()}: needs atomic = False"
    elif isinstance(one, migrations.AddIndex | migrations.RemoveIndex):
        yield f"{one.describe()}: use {type(one).__name__}Online"
    elif isinstance(one, migrations.AddField) and not _can_be_left_out(one.field):
        yield f"{one.describe()}: the release before inserts rows without it; give db_default"
    elif _is_foreign_key(one):
        yield f"{one.describe()}: makes its constraint again and checks every row"
    elif isinstance(one, migrations.AddConstraint):
        yield f"{one.describe()}: checks every row while writers wait"


def _is_foreign_key(one: Operation) -> bool:
    return isinstance(one, migrations.AlterField) and isinstance(one.field, models.ForeignKey)


def _can_be_left_out(field: models.Field) -> bool:
    return field.null or field.has_db_default() or field.many_to_many


def later_migrations() -> list[tuple[str, migrations.Migration]]:
    """Return what came after the first release."""
    found = MigrationLoader(connection, ignore_no_migrations=True).disk_migrations
    return [
        (f"{app}.{name}", migration)
        for (app, name), migration in sorted(found.items())
        if app in OURS and name > RELEASED.get(app, "")
    ]


@pytest.mark.django_db
def test_every_migration_suits_the_release_before_it() -> None:
    found = [
        f"{name}: {problem}"
        for name, migration in later_migrations()
        if name not in EXCUSED
        for problem in problems(migration.operations, is_atomic=migration.atomic)
    ]
    assert found == []


@pytest.mark.django_db
@pytest.mark.parametrize("model", [one for one in apps.get_models() if one._meta.app_label in OURS])
def test_the_database_has_what_the_model_says(model: type[models.Model]) -> None:
    with connection.cursor() as cursor:
        found = connection.introspection.get_constraints(cursor, model._meta.db_table)
    named = {one.name for one in (*model._meta.indexes, *model._meta.constraints)}
    assert named <= set(found)
    indexed = {
        tuple(one["columns"]) for name, one in found.items() if one["index"] and name not in named
    }
    for field in model._meta.concrete_fields:
        if isinstance(field, models.ForeignKey) and not field.db_index:
            assert (field.column,) not in indexed, field


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("app", RELEASED)
def test_the_last_migrations_can_be_taken_back_and_made_again(app: str) -> None:
    def state() -> dict[str, frozenset[str]]:
        with connection.cursor() as cursor:
            return {
                model._meta.db_table: frozenset(
                    connection.introspection.get_constraints(cursor, model._meta.db_table)
                )
                for model in apps.get_app_config(app).get_models()
            }

    after = state()
    call_command("migrate", app, RELEASED[app], verbosity=0)
    call_command("migrate", app, verbosity=0)
    assert state() == after


@pytest.mark.django_db
def test_every_name_in_the_lists_is_a_migration_of_ours() -> None:
    known = MigrationLoader(connection).disk_migrations
    assert set(RELEASED.items()) <= set(known)


INDEX = models.Index(fields=["a"], name="i")
MISTAKES = {
    "still uses it": migrations.RemoveField("m", "f"),
    "in batches": migrations.RunPython(migrations.RunPython.noop),
    "use AddIndexOnline": migrations.AddIndex("m", INDEX),
    "use RemoveIndexOnline": migrations.RemoveIndex("m", "i"),
    "atomic = False": AddIndexOnline("m", INDEX),
    "checks every row": migrations.AlterField(
        "m", "f", models.ForeignKey("x.Y", models.CASCADE, db_index=False)
    ),
    "give db_default": migrations.AddField("m", "f", models.IntegerField()),
    "while writers wait": migrations.AddConstraint(
        "m", models.CheckConstraint(condition=models.Q(a=1), name="c")
    ),
}


@pytest.mark.parametrize("words", MISTAKES)
def test_a_mistake_is_found(words: str) -> None:
    [problem] = problems([MISTAKES[words]])
    assert words in problem


HARMLESS: list[Operation] = [
    migrations.AddField("m", "f", models.IntegerField(null=True)),
    migrations.AddField("m", "f", models.IntegerField(db_default=0)),
    migrations.CreateModel("new", [("id", models.AutoField(primary_key=True))]),
    migrations.AddIndex("new", INDEX),
]


def test_what_harms_nobody_is_left_alone() -> None:
    assert list(problems(HARMLESS)) == []
    assert list(problems([AddIndexOnline("m", INDEX)], is_atomic=False)) == []
