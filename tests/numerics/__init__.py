"""Tests of servqual.numerics."""
