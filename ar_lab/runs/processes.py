"""Whether a process that wrote its id into a file still lives, even after the id was given to another one."""

import os
import subprocess
from contextlib import suppress
from pathlib import Path


def start_time(pid: int) -> str | None:
    """When a process started, in a form that is the same each time it is asked; None when it is over or unknown."""
    with suppress(FileNotFoundError, ProcessLookupError):
        # The second field, the command's name in parentheses, may itself hold spaces; the third is the state.
        state, *fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return None if state == "Z" else fields[18]
    if Path("/proc/self/stat").exists():
        return None
    try:
        answer = subprocess.run(["ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False)
    except OSError:
        return None
    return answer.stdout.strip() or None


def is_alive(pid: int | None, started: str | None) -> bool:
    """Whether the process with this id runs, and is the one that started then."""
    if pid is None:
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass  # somebody else's, and alive
    return started is None or start_time(pid) == started
