"""Finds what is wrong with templates before a mail does: see `checker`."""
