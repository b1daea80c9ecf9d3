"""Known distributions: exact log P(x), exact samples and an entropy, to hold models and divergences against."""
