"""The mathematics: arrays in, one frozen dataclass out.

Modules of this folder import only NumPy, SciPy, `servqual.errors` and `servqual.typing`. They know
no column names, no frames and no surveys; they never write into a caller's array and print nothing.
One file holds one subject. A statistic that does not exist for the numbers given is nan; arguments
that no statistic could be computed from are an error.
"""
