"""ar_lab: autoregressive generative models trained by maximum likelihood.

Read in this order. `space` says what one example is; `codecs` turn raw objects into examples and back; `data` loads, splits
and batches them. `layers` and `models` hold the networks, each a sequence of classifiers with one contract
(`models.network`); `likelihoods` turn their outputs into conditionals; `model` multiplies these by the chain rule and
unrolls them. `learner` trains by minimizing cross-entropy, watched by `callbacks`; `evaluation` computes the figures and
`report` shows them. `tasks` are the verbs of the command (`__main__`), which Hydra composes from `configs/`, `schema`
checks, `build` turns into objects and `runs` writes to disk.
"""
