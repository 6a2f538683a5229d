"""The version of Postroom that runs: of the installed distribution, and the image's own label."""

from importlib import metadata

try:
    VERSION = metadata.version("postroom")
except metadata.PackageNotFoundError:  # run from a checkout that was never installed
    VERSION = "unknown"
