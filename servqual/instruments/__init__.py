"""Instruments: what a survey asks. Scales, items, dimensions, and a catalogue of published ones."""
