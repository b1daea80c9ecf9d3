"""Shapes in signatures are checked by the machine in every test; one thread, so that figures repeat to the last bit."""

import signal

import jaxtyping

# A shell ignores SIGINT in what it runs in the background, and so would every command that a test interrupts.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

jaxtyping.install_import_hook("ar_lab", "beartype.beartype")

import torch  # noqa: E402

torch.set_num_threads(1)
