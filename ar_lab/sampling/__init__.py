"""Ways to unroll the chain rule, which give the same examples from the same noise."""

from ar_lab.sampling.cached import cached

SAMPLERS = {"cached": cached}
