"""Plots: a result in, matplotlib Axes out."""
