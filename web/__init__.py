"""People's files and pages: the first page and the browser's session."""
