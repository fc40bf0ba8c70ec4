"""Tests of the example surveys and the simulator."""
