"""Typed checks of a composed config before torch is imported; errors a person can act on."""
