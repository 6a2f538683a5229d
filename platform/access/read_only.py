"""The base of admins whose records nobody edits."""

from typing import Any

from django.http import HttpRequest
from unfold.admin import ModelAdmin

from access.masking import may_see_addresses


class ReadOnlyAdmin(ModelAdmin):  # type: ignore[misc]  # unfold ships no types
    """Shows records to those who may view them; they are written by the platform alone."""

    # Counting a table of millions for the page's head would cost more than the page.
    show_full_result_count = False
    list_per_page = 50
    actions: Any = ()

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Nobody."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody."""
        return False

    def mask(self, row: Any) -> None:
        """Hide, in a record that is only shown, whose mail it is. It is never saved."""

    def get_object(self, request: HttpRequest, object_id: str, from_field: Any = None) -> Any:
        """Return one record, as this person may see it."""
        row = super().get_object(request, object_id, from_field)
        if row is not None and not may_see_addresses(request.user):
            self.mask(row)
        return row
