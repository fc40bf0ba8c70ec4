"""How fast, compared with the packages that do the same work: ``make bench``.

No test is timed. Every side runs in a process of its own (``worker.py`` for Python, ``peers.R`` for
R) and measures its own calls; ``rows.py`` says what is compared with what.
"""
