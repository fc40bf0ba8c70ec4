"""Tests of servqual.model_language."""
