"""Likelihood as code length: a model's conditionals drive an entropy coder, and what was coded decodes exactly.

Shannon's bound is -log2 p(x) bits (Shannon, 1948); a range coder reaches it up to rounding (Martin, 1979).
"""
