"""Example surveys, the simulator that made them, and their true values."""
