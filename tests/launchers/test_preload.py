"""What children inherit: a fork server that loaded torch must have touched no GPU and started no thread."""

import os
import subprocess
import sys

from ar_lab.job import PRELOAD

PRELOADED = """
import os
import torch

def refuse(*arguments):
    raise SystemExit("asked for GPUs")

torch._C._cuda_getDeviceCount = torch.cuda.is_available = torch.cuda.device_count = refuse
for name in {names}:
    __import__(name)
print(len(os.listdir("/proc/self/task")), torch.cuda.is_initialized())
"""


def test_what_children_inherit_is_safe_to_fork():
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-c", PRELOADED.format(names=PRELOAD)]
    answer = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert answer.stdout == "1 False\n", answer.stderr
