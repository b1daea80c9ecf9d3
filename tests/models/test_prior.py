"""An n-gram under a network: where training starts, and that no training window meets its own counts."""

import io

import pytest
import torch
from torch import Tensor

from ar_lab.models.charrnn import CharRNN
from ar_lab.models.ngram import NGram
from ar_lab.models.prior import PriorNetwork
from ar_lab.models.states import filled, plain
from ar_lab.models.transformer import Transformer
from ar_lab.space import Space

SPACE = Space("sequence", (8,), 4)
BLOCKS, ORDER, LENGTH = 5, 2, 203


def text(seed: int = 0) -> Tensor:
    return torch.randint(4, (LENGTH,), generator=torch.Generator().manual_seed(seed), dtype=torch.uint8)


def network(x: Tensor, make: type = CharRNN) -> PriorNetwork:
    torch.manual_seed(0)
    found = PriorNetwork(make(SPACE, 4), ORDER, BLOCKS)
    found.estimate(x)
    return found


def windows() -> Tensor:
    return torch.randint(4, (BLOCKS, 8), generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("make", [CharRNN, Transformer])
def test_training_starts_from_the_ngram(make: type):
    ngram = NGram(SPACE, 4, ORDER)
    ngram.estimate(text())
    assert network(text(), make)(windows()).equal(ngram(windows()))


@torch.no_grad()
def test_a_window_of_a_block_gets_the_counts_of_all_else_but_the_window_after_it():
    found = network(text())(windows(), torch.arange(BLOCKS))
    for block in range(BLOCKS):
        begin, end = (min(i for i in range(LENGTH + 1) if i * BLOCKS // LENGTH == b) for b in (block, block + 1))
        ngram = NGram(SPACE, 4, ORDER)
        ngram.fit([[text()[:begin], text()[end + 8 :]]])
        torch.testing.assert_close(found[block], ngram(windows()[block, None])[0])


@torch.no_grad()
def test_what_a_block_holds_is_unknown_to_its_windows_and_known_to_all_others():
    begin, end = 82, 122  # the third of five blocks
    changed = torch.cat([text()[:begin], text(seed=2)[begin:end], text()[end:]])
    same, other = (network(x)(windows(), torch.arange(BLOCKS)) for x in (text(), changed))
    assert [block for block in range(BLOCKS) if same[block].equal(other[block])] == [2]
    assert not network(text())(windows()).equal(network(changed)(windows()))


@torch.no_grad()
def test_a_carried_state_takes_the_block_of_every_window():
    found, x = network(text()), windows()[:1].repeat(1, 2)
    _, state = found.extend(x[:, :8], found.start(1, torch.tensor([3])))
    params, _ = found.extend(x[:, 8:], found.anew(state.detach(), torch.tensor([4])))
    assert params.equal(found(x, torch.tensor([4]))[:, 8:])
    assert not params.equal(found(x, torch.tensor([3]))[:, 8:])


@torch.no_grad()
def test_a_state_is_put_away_as_plain_tensors_and_goes_on_as_if_it_had_not():
    found, x = network(text()), windows()
    _, state = found.extend(x, found.start(BLOCKS, torch.arange(BLOCKS)))
    file = io.BytesIO()
    torch.save(plain(state), file)
    file.seek(0)
    taken_up = filled(found.start(BLOCKS, torch.arange(BLOCKS)), torch.load(file, weights_only=True))
    assert found.extend(x, taken_up)[0].equal(found.extend(x, state)[0])


def test_a_checkpoint_holds_the_fit_on_all_and_none_of_the_blocks():
    names = network(text()).state_dict()
    assert any(name.startswith("prior.") for name in names)
    assert not [name for name in names if name.startswith("crossfitted.")]


def test_only_text_has_an_ngram_under_it():
    space = Space("image", (2, 2, 1), 4)
    with pytest.raises(ValueError, match="prior=ngram: needs text, this data is of kind image"):
        PriorNetwork(CharRNN(space, 4))
