"""Sweeps: which jobs they have, what became of them, and what they say together. No torch."""
