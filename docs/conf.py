"""The documentation's site: `make docs` builds it, and a warning is an error."""

project = "Postroom"
copyright = "the Postroom authors, Apache License 2.0"  # noqa: A001  Sphinx's name
extensions = ["myst_parser"]
source_suffix = {".md": "markdown"}
exclude_patterns = ["_build"]

myst_enable_extensions = ["colon_fence"]
myst_heading_anchors = 3

html_theme = "furo"
html_title = "Postroom"
html_static_path = ["_static"]
html_css_files = ["postroom.css"]
html_theme_options = {"source_repository": "", "navigation_with_keys": True}
html_show_sourcelink = False
pygments_style = "friendly"
pygments_dark_style = "native"
