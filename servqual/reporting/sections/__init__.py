"""Sections of the report, one module each: results in, blocks out."""
