"""The studio: templates are edited, tried, tested and published here, and no mail breaks by it."""
