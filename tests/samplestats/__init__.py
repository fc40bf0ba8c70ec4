"""Tests of the sample statistics."""
