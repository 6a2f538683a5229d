#!/usr/bin/env python
"""Postroom's command line: `manage.py help` lists what it does."""

import os
import sys


def main() -> None:
    """Run the command named in `sys.argv`; a wrong setting ends with its sentence and status 78."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line

    try:
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(os.EX_CONFIG)


if __name__ == "__main__":
    main()
