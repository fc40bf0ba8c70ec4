"""The report: analyses of a survey put together as one HTML file, with words and sources."""
