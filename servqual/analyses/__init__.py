"""Analyses: one file answers one question, by one public function and its result class."""
