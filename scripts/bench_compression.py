"""How fast texts are coded and decoded, and whether memory stays what it is as they grow.

    python scripts/bench_compression.py

Trains an n-gram and the character RNN on tiny Shakespeare (with its n-gram prior and without), and codes its last tenth
over and over until a file is as long as it has to be. Every command runs in a process of its own, whose greatest
resident memory is shown; bzip2 -9, timed in turn with them, is what a speed is a ratio to.
"""

import bz2
import json
import os
import subprocess
import sys
import tempfile
import time
from itertools import cycle, islice
from pathlib import Path

MEGABYTE = 10**6
LINES = {
    "ngram": (["experiment=shakespeare_ngram"], (MEGABYTE, 10 * MEGABYTE), 100),
    "charrnn": (["experiment=shakespeare_charrnn", "trainer.max_steps=100"], (MEGABYTE // 4, MEGABYTE), 20),
    "charrnn, n-gram prior": (
        ["experiment=shakespeare_charrnn_ngram", "trainer.max_steps=100"],
        (MEGABYTE // 4, MEGABYTE),
        20,
    ),
}


def command(*line: str) -> int:
    """Runs ar_lab, and returns the greatest resident memory in bytes."""
    process = subprocess.Popen([sys.executable, "-m", "ar_lab", *line], stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        sys.exit(f"ar_lab {' '.join(line)}: exit code {os.waitstatus_to_exitcode(status)}")
    return usage.ru_maxrss * 1024


def last_tenth(run: Path) -> bytes:
    """The text of a run's test part, as the command itself gives it back."""
    command("task=compress", f"run={run}", "task.prequential=false", "task.check=false")
    command("task=decompress", f"run={run}", f"task.input={run / 'compress' / 'test.arlab'}", f"task.output={run}/text")
    return (run / "text").read_bytes()


def measure(name: str, run: Path, text: bytes, size: int, goal: int) -> None:
    source, code, again = run / f"{size}", run / f"{size}.arlab", run / f"{size}.again"
    source.write_bytes(bytes(islice(cycle(text), size)))
    began = time.perf_counter()
    bz2.compress(source.read_bytes(), 9)
    bzip2 = size / (time.perf_counter() - began) / 1000
    coding = command("task=compress", f"run={run}", f"task.input={source}", "task.prequential=false")
    decoding = command("task=decompress", f"run={run}", f"task.input={code}", f"task.output={again}")
    if again.read_bytes() != source.read_bytes():
        sys.exit(f"{code} does not decode to {source}")
    result = json.loads((max(run.glob("compress*"), key=os.path.getmtime) / "result.json").read_text())
    speeds = [size / result[f"{way}_seconds"] / 1000 for way in ("encode", "decode")]
    print(
        f"{name:22s} {size / MEGABYTE:5.2f} MB  {speeds[0]:5.0f} kB/s coding  {speeds[1]:5.0f} kB/s decoding"
        f"  {speeds[0] / bzip2:6.4f} of bzip2's  (goal: {goal})"
        f"  {coding / 2**20:5.0f} MiB coding  {decoding / 2**20:5.0f} MiB decoding",
        flush=True,
    )


def main() -> None:
    with tempfile.TemporaryDirectory() as place:
        for number, (name, (line, sizes, goal)) in enumerate(LINES.items()):
            run = Path(place, str(number))
            command(*line, "logger=none", "task.certify=false", "task.samples=1", f"output={run}")
            text = last_tenth(run)
            for size in sizes:
                measure(name, run, text, size, goal)


if __name__ == "__main__":
    main()
