"""The admin's home in a browser."""

import pytest
from playwright.sync_api import expect

from tests.support.browsing import Browsing


@pytest.mark.parametrize("role", ["superuser", "Operator", "Editor", "Viewer"])
def test_every_role_has_a_home(browse: Browsing, role: str) -> None:
    page = browse(role).open("/admin/")
    expect(page).to_have_title("Site administration | Postroom")
