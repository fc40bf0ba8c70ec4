"""Sample statistics: what the data say, small enough to store, send and merge.

Collected once from respondents' answers, then every analysis works on them. See
:mod:`servqual.samplestats.moments`.
"""
