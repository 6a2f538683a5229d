"""Addresses below /api/v1/."""

from django.urls import path

from notifications.api import views

urlpatterns = [
    path("notifications/", views.NotificationList.as_view(), name="notification-list"),
    path(
        "notifications/<uuid:pk>/",
        views.NotificationDetail.as_view(),
        name="notification-detail",
    ),
    path(
        "notifications/<uuid:pk>/content/",
        views.NotificationContent.as_view(),
        name="notification-content",
    ),
    path(
        "notifications/<uuid:pk>/retry/",
        views.RetryNotification.as_view(),
        name="notification-retry",
    ),
    path(
        "notifications/<uuid:pk>/cancel/",
        views.CancelNotification.as_view(),
        name="notification-cancel",
    ),
]
