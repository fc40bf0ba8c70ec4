"""Surveys: who answered what. Only this package knows files and narwhals."""
