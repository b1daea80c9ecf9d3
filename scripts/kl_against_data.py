"""Maximum likelihood at work: KL(P || Q) against how much was trained on, of families with and without the source.

    python scripts/kl_against_data.py PATH.png

Text from a Markov chain of order 2: n-grams of order 1, 2 and 3, of which the first can come no nearer than
H(x_t | x_{t-1}) - H(x_t | x_{t-1}, x_{t-2}), and a charrnn. Every seed draws another text from the same chain.
"""

import sys
from dataclasses import replace
from math import log, sqrt
from pathlib import Path
from statistics import mean, stdev

import torch
from matplotlib.figure import Figure

from ar_lab.data.known import Markov
from ar_lab.data.parts import Parts
from ar_lab.likelihoods.categorical import Categorical
from ar_lab.model import AutoregressiveModel
from ar_lab.models.charrnn import CharRNN
from ar_lab.models.ngram import NGram
from ar_lab.tasks.known import against_distribution
from ar_lab.tasks.scored import named, score, select

SIZES = (100, 300, 1000, 3000, 10_000, 30_000, 100_000)
SEEDS = 3
SOURCE = {"levels": 4, "order": 2, "concentration": 0.5, "source_seed": 0, "context": 32}
SHARES = {"size": 150_000, "validation": 0.0, "test": 1 / 3, "fraction": 1.0}
CONFIG = {"evaluation": {"batch_size": 64}, "task": {"stride": None}}
STEPS, ROWS = 400, 32  # of the charrnn's training, at most 4 visits to every letter where data are few
FAMILIES = ("ngram of order 1", "ngram of order 2", "ngram of order 3", "charrnn")


def main(path: Path) -> None:
    """Trains every family on every size, prints the table and draws it."""
    torch.set_num_threads(1)
    found = {(family, size): [] for family in FAMILIES for size in SIZES}
    for seed in range(SEEDS):
        parts = Markov(**SOURCE, **SHARES, draw_seed=seed).load()
        for family, size in found:
            some = replace(parts, train=parts.train[:size])
            found[family, size].append(divergence(fitted(family, some, seed), some))
            print(f"seed {seed}, {size:,} letters, {family}: {found[family, size][-1]:.5f}", file=sys.stderr)
    chain = parts.distribution
    floor = (chain.entropy_given(1) - chain.entropy_given(2)) / log(2)
    print_table(found, floor)
    picture(found, floor).savefig(path, dpi=110)
    print(path)


def fitted(family: str, parts: Parts, seed: int) -> AutoregressiveModel:
    space = parts.codec.space
    likelihood = Categorical(space)
    torch.manual_seed(seed)
    if family == "charrnn":
        network = CharRNN(space, likelihood.outputs, hidden=64)
        trained(AutoregressiveModel(network, likelihood), parts, seed)
    else:
        network = NGram(space, likelihood.outputs, order=int(family[-1]))
        network.estimate(parts.train)
    return AutoregressiveModel(network, likelihood).eval()


def trained(model: AutoregressiveModel, parts: Parts, seed: int) -> None:
    """Adam on random windows, with a rate that falls to zero."""
    train, dims = parts.train.long(), parts.codec.space.dims
    steps = min(STEPS, max(10, 4 * len(train) // (ROWS * dims)))
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    schedule = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.01, steps)
    generator = torch.Generator().manual_seed(seed)
    for _ in range(steps):
        begin = torch.randint(len(train) - dims + 1, (ROWS, 1), generator=generator)
        loss = model.nll(train[begin + torch.arange(dims)]).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()


def divergence(model: AutoregressiveModel, parts: Parts) -> float:
    """KL(P || Q) in bits a letter, as task=evaluate finds it."""
    test = select(parts, "test", None)
    nll = torch.cat([score(model, parts, x, CONFIG) for x, _ in test])
    return against_distribution(model, parts, test, named("test", nll, parts), nll, CONFIG)["test/kl_bits_per_dim"]


def print_table(found: dict[tuple[str, int], list[float]], floor: float) -> None:
    print(f"KL(P || Q) in bits a letter, mean and standard error over {SEEDS} seeds; floor of order 1: {floor:.4f}\n")
    print(f"| letters | {' | '.join(FAMILIES)} |\n|---|{'---|' * len(FAMILIES)}")
    for size in SIZES:
        cells = (f"{mean(kl):.4f} ± {error(kl):.4f}" for kl in (found[family, size] for family in FAMILIES))
        print(f"| {size:,} | {' | '.join(cells)} |")


def error(values: list[float]) -> float:
    return stdev(values) / sqrt(len(values))


def picture(found: dict[tuple[str, int], list[float]], floor: float) -> Figure:
    figure = Figure(figsize=(7, 4.2), layout="constrained")
    axes = figure.subplots()
    for family in FAMILIES:
        kl = [found[family, size] for size in SIZES]
        axes.errorbar(SIZES, [*map(mean, kl)], [*map(error, kl)], marker="o", ms=4, capsize=3, label=family)
    axes.axhline(floor, color="gray", ls="--", label="floor of order 1, in closed form")
    axes.set(xscale="log", yscale="log", xlabel="letters trained on", ylabel="KL(P || Q), bits per letter")
    axes.grid(alpha=0.3)
    axes.legend()
    return figure


if __name__ == "__main__":
    main(Path(sys.argv[1]))
