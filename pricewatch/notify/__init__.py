"""Telling people what happened."""

from pricewatch.notify.notifier import Notifications, build_notifier
from pricewatch.notify.settings import NotifySettings

__all__ = ["Notifications", "NotifySettings", "build_notifier"]
