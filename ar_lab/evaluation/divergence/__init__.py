"""Divergences of a family Q from a known distribution P, and the Q of a family that is least in each.

`definitions` are the divergences, each one law for exact sums and for samples; `grid` holds the points of exact sums;
`families` are the Q, `estimators` what a divergence is found by, and `fit` its minimization.
"""
