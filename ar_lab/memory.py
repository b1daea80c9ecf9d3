"""Memory: freed blocks stay with the process, so that every step does not ask the kernel for zeroed pages again."""

import ctypes
import sys

# Of glibc's malloc.h.
M_TRIM_THRESHOLD = -1
M_TOP_PAD = -2
M_MMAP_MAX = -4


def keep_freed_blocks() -> None:
    """Tells glibc to keep large freed blocks for the next step; does nothing under another C library.

    By default every tensor of 32 MiB and more is mapped anew, and a third of a PixelCNN's step on MNIST passes in the
    kernel: scripts/bench_memory.py measures the two side by side.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None) if sys.platform == "linux" else None
    if mallopt is not None:
        mallopt(M_MMAP_MAX, 0)
        mallopt(M_TRIM_THRESHOLD, 2**31 - 1)
        mallopt(M_TOP_PAD, 2**26)
