"""The language in which models are written, and what it means."""
