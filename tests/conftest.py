"""Shapes in signatures are checked by the machine in every test; one thread, so that figures repeat to the last bit."""

import jaxtyping

jaxtyping.install_import_hook("ar_lab", "beartype.beartype")

import torch  # noqa: E402

torch.set_num_threads(1)
