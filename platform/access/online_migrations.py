"""Migrations that a running system does not notice, on both databases.

`AddIndex` keeps writers away from a table for as long as PostgreSQL builds the index. Use
`AddIndexOnline` on every table that holds rows already, in a migration with `atomic = False`.
tests/test_migrations.py finds those that do not; docs/upgrades.md has the rule.
"""

from typing import Any

from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.operations import AddIndex
from django.db.migrations.state import ProjectState

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
        if schema_editor.connection.vendor != POSTGRESQL:
            super().database_forwards(app_label, schema_editor, from_state, to_state)
            return
        model = to_state.apps.get_model(app_label, self.model_name)
        if self.allow_migrate_model(schema_editor.connection.alias, model):
            editor: Any = schema_editor  # PostgreSQL's own takes `concurrently`
            editor.remove_index(model, self.index, concurrently=True)  # IF EXISTS
            editor.add_index(model, self.index, concurrently=True)

    def database_backwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        """Drop the index."""
        if schema_editor.connection.vendor != POSTGRESQL:
            super().database_backwards(app_label, schema_editor, from_state, to_state)
            return
        model = from_state.apps.get_model(app_label, self.model_name)
        if self.allow_migrate_model(schema_editor.connection.alias, model):
            editor: Any = schema_editor
            editor.remove_index(model, self.index, concurrently=True)
