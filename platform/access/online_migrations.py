"""Migrations that a running system does not notice, on both databases.

`AddIndex` keeps writers away from a table for as long as PostgreSQL builds the index, and
`RemoveIndex` for as long as it waits for those that read. Use `AddIndexOnline` and
`RemoveIndexOnline` on every table that holds rows already, in a migration with `atomic = False`.
tests/test_migrations.py finds those that do not; docs/upgrades.md has the rule.
"""

from typing import Any

from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.operations import AddIndex, AlterField, RemoveIndex
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState
from django.db.models import Index, Model

POSTGRESQL = "postgresql"


class AddIndexOnline(AddIndex):
    """Builds an index while others write; SQLite, which has one writer anyway, builds it plainly.

    A build that was interrupted leaves an invalid index on PostgreSQL; it is dropped first, so that
    the migration can be run again.
    """

    atomic = False

    def database_forwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        """Build the index."""
        model = to_state.apps.get_model(app_label, self.model_name)
        _build(self, schema_editor, model, self.index)

    def database_backwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        """Drop the index."""
        _drop(
            self, schema_editor, from_state.apps.get_model(app_label, self.model_name), self.index
        )


class RemoveIndexOnline(RemoveIndex):
    """Drops an index without standing in anybody's way; can be run again."""

    atomic = False

    def database_forwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        """Drop the index."""
        index = from_state.models[app_label, self.model_name_lower].get_index_by_name(self.name)
        model = from_state.apps.get_model(app_label, self.model_name)
        _drop(self, schema_editor, model, index)

    def database_backwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        """Build the index again."""
        index = to_state.models[app_label, self.model_name_lower].get_index_by_name(self.name)
        model = to_state.apps.get_model(app_label, self.model_name)
        _build(self, schema_editor, model, index)


class UnindexForeignKeyOnline(AlterField):
    """Takes the index of a foreign key away that a longer index makes unnecessary.

    `AlterField` would drop the constraint too, check all rows to make it again while nobody can
    write, and take along any partial unique index of the same column.
    """

    atomic = False

    def database_forwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        """Drop the index."""
        model = from_state.apps.get_model(app_label, self.model_name)
        if self.allow_migrate_model(schema_editor.connection.alias, model):
            schema_editor.execute(
                f"DROP INDEX {_online(schema_editor)} IF EXISTS {self._index(model, schema_editor)}"
            )

    def database_backwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        """Build the index again."""
        model = to_state.apps.get_model(app_label, self.model_name)
        if self.allow_migrate_model(schema_editor.connection.alias, model):
            quote, name = schema_editor.quote_name, self._index(model, schema_editor)
            schema_editor.execute(
                f"CREATE INDEX {_online(schema_editor)} IF NOT EXISTS {name} ON"
                f" {quote(model._meta.db_table)} ({quote(self._column(model))})"
            )

    def _column(self, model: type[Model]) -> str:
        field: Any = model._meta.get_field(self.name)
        return str(field.column)

    def _index(self, model: type[Model], schema_editor: BaseDatabaseSchemaEditor) -> str:
        return _index_name(schema_editor, model, self._column(model))


class DropPatternIndex(Operation):
    """Drops the second index that Django makes of a unique text on PostgreSQL, for `LIKE 'a%'`.

    Nobody looks for the beginning of such a text where this is used, and each row has an entry in
    it. No change for Django, which does not list these indexes.
    """

    atomic = False
    reversible = True
    reduces_to_sql = False

    def __init__(self, model_name: str, column: str) -> None:
        self.model_name = model_name
        self.column = column

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        """Change nothing."""

    def database_forwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        """Drop the index."""
        if schema_editor.connection.vendor == POSTGRESQL:
            model = from_state.apps.get_model(app_label, self.model_name)
            name = _index_name(schema_editor, model, self.column, suffix="_like")
            schema_editor.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")

    def database_backwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        """Build the index again."""
        if schema_editor.connection.vendor == POSTGRESQL:
            model = to_state.apps.get_model(app_label, self.model_name)
            quote = schema_editor.quote_name
            name = _index_name(schema_editor, model, self.column, suffix="_like")
            schema_editor.execute(
                f"CREATE INDEX CONCURRENTLY IF NOT EXISTS {name} ON"
                f" {quote(model._meta.db_table)} ({quote(self.column)} varchar_pattern_ops)"
            )

    def describe(self) -> str:
        """Say what is done."""
        return f"Drop the pattern index of {self.column} on {self.model_name}"


def _build(
    operation: Operation, schema_editor: BaseDatabaseSchemaEditor, model: type[Model], index: Index
) -> None:
    editor: Any = schema_editor
    if not operation.allow_migrate_model(schema_editor.connection.alias, model):
        return
    if schema_editor.connection.vendor == POSTGRESQL:  # whose own take `concurrently`
        editor.remove_index(model, index, concurrently=True)  # IF EXISTS
        editor.add_index(model, index, concurrently=True)
    else:
        editor.add_index(model, index)


def _drop(
    operation: Operation, schema_editor: BaseDatabaseSchemaEditor, model: type[Model], index: Index
) -> None:
    editor: Any = schema_editor
    if not operation.allow_migrate_model(schema_editor.connection.alias, model):
        return
    if schema_editor.connection.vendor == POSTGRESQL:
        editor.remove_index(model, index, concurrently=True)
    else:
        editor.remove_index(model, index)


def _online(schema_editor: BaseDatabaseSchemaEditor) -> str:
    return "CONCURRENTLY" if schema_editor.connection.vendor == POSTGRESQL else ""


def _index_name(
    schema_editor: BaseDatabaseSchemaEditor, model: type[Model], column: str, *, suffix: str = ""
) -> str:
    editor: Any = schema_editor
    # Only Django knows how it has named it.
    name = editor._create_index_name(model._meta.db_table, [column], suffix=suffix)  # noqa: SLF001
    return schema_editor.quote_name(str(name))
