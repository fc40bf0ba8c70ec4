"""Tests of the analyses, against R where R has the numbers."""
