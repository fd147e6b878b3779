"""The page of a report: templates, style, scripts, and its texts by language."""
