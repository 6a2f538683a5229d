"""Forgotten passwords of the admin: Django's views, which look like the rest of it.

Their mail goes through Postroom itself (`notifications.mail_backend`).
"""

from typing import Any

from django.contrib import admin
from django.contrib.auth import forms, views
from django.urls import path, reverse_lazy
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminEmailInputWidget, UnfoldAdminPasswordWidget

TEMPLATE = "access/password_reset.html"
DONE = "admin_password_reset_done"
COMPLETE = "admin_password_reset_complete"


class AddressForm(forms.PasswordResetForm):
    """Asks for the address."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["email"].widget = UnfoldAdminEmailInputWidget(attrs={"autocomplete": "email"})


class NewPasswordForm(forms.SetPasswordForm):  # type: ignore[type-arg]  # not subscriptable at run time
    """Asks for the new password, twice."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("new_password1", "new_password2"):
            self.fields[name].widget = UnfoldAdminPasswordWidget(
                attrs={"autocomplete": "new-password"}
            )


class Page:
    """What the four steps share: what the admin's pages need."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Return the page's context."""
        found: dict[str, Any] = super().get_context_data(**kwargs)  # type: ignore[misc]  # a mixin
        request = self.request  # type: ignore[attr-defined]
        return {**admin.site.each_context(request), **found}


class Ask(Page, views.PasswordResetView):
    """The first step: who has forgotten."""

    template_name = TEMPLATE
    form_class = AddressForm
    success_url = reverse_lazy(DONE)
    extra_context = {
        "text": _(
            "Forgotten your password? Enter your email address below, and we’ll email "
            "instructions for setting a new one."
        ),
        "button": _("Reset my password"),
    }


class Asked(Page, views.PasswordResetDoneView):
    """The second: a mail is on its way, if there is such an address."""

    template_name = TEMPLATE
    extra_context = {
        "text": _(
            "We’ve emailed you instructions for setting your password, if an account exists with "
            "the email you entered. You should receive them shortly."
        )
    }


class Choose(Page, views.PasswordResetConfirmView):
    """The third, from the mail's link: the new password."""

    template_name = TEMPLATE
    form_class = NewPasswordForm
    success_url = reverse_lazy(COMPLETE)
    extra_context = {
        "text": _(
            "Please enter your new password twice so we can verify you typed it in correctly."
        ),
        "used": _(
            "The password reset link was invalid, possibly because it has already been used. "
            "Please request a new password reset."
        ),
        "button": _("Change my password"),
    }


class Chosen(Page, views.PasswordResetCompleteView):
    """The last: done."""

    template_name = TEMPLATE
    extra_context = {"text": _("Your password has been set. You may go ahead and log in now.")}


# Names without a namespace: Django's mail and unfold's login page ask for these.
urlpatterns = [
    path("password_reset/", Ask.as_view(), name="admin_password_reset"),
    path("password_reset/done/", Asked.as_view(), name=DONE),
    path("reset/<uidb64>/<token>/", Choose.as_view(), name="password_reset_confirm"),
    path("reset/done/", Chosen.as_view(), name=COMPLETE),
]
