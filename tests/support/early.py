"""Sets the tests' environment before pytest-django reads the settings: `-p` in pyproject.toml.

The processes of pytest-xdist inherit the environment of the one that started them. A conftest file
would come too late for them: pytest-django would by then have read the settings of the first.
"""

from tests.support import environment

VAR_DIR = environment.prepare()
