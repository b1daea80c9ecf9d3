"""Optimizers: which parameters are decayed, and Muon for the matrices among them."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import torch
from torch import nn
from torch.optim import AdamW, Muon, Optimizer


def parameter_groups(module: nn.Module) -> list[dict[str, Any]]:
    """Two groups: weights that are decayed, and all else (biases, norms, embeddings, positions, start symbols)."""
    decayed, spared = [], []
    for child in module.modules():
        for name, parameter in child.named_parameters(recurse=False):
            is_weight = name.startswith("weight") and parameter.ndim >= 2 and not isinstance(child, nn.Embedding)
            (decayed if is_weight else spared).append(parameter)
    groups = [{"params": decayed, "decayed": True}, {"params": spared, "decayed": False, "weight_decay": 0.0}]
    return [group for group in groups if group["params"]]


class MuonAdamW(Optimizer):
    """Muon (Jordan et al., 2024) for the decayed matrices, AdamW for every other parameter.

    Muon's step is scaled to the root mean square of AdamW's (Liu et al., 2025, equation 4): one `lr` serves both.
    """

    def __init__(
        self,
        params: Iterable[dict[str, Any]],
        lr: float,
        momentum: float = 0.95,
        betas: Sequence[float] = (0.9, 0.99),
        weight_decay: float = 0.01,
    ):
        super().__init__(params, {"lr": lr, "weight_decay": weight_decay})
        matrices, others = [], []
        for group in self.param_groups:
            chosen = [p for p in group["params"] if p.ndim == 2 and group["decayed"]]
            rest = [p for p in group["params"] if not (p.ndim == 2 and group["decayed"])]
            matrices += [{"params": chosen, "weight_decay": group["weight_decay"]}] if chosen else []
            others += [{"params": rest, "weight_decay": group["weight_decay"]}] if rest else []
        self.parts: list[Optimizer] = []
        if matrices:
            self.parts.append(Muon(matrices, lr=lr, momentum=momentum, adjust_lr_fn="match_rms_adamw"))
        if others:
            self.parts.append(AdamW(others, lr=lr, betas=tuple(betas)))
        self.param_groups = [group for part in self.parts for group in part.param_groups]
        self._share()

    def _share(self) -> None:
        """Lets the parts work on this optimizer's own groups and state, so that schedules and checkpoints see one."""
        groups = iter(self.param_groups)
        for part in self.parts:
            part.param_groups = [next(groups) for _ in part.param_groups]
            part.state = self.state

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        super().load_state_dict(state_dict)
        self._share()

    def step(self, closure: Callable[[], torch.Tensor] | None = None) -> torch.Tensor | None:
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for part in self.parts:
            part.step()
        return loss
