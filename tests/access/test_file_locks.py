"""One holds a file's lock at a time, and nobody has to give it back."""

import os
import subprocess
import sys
from pathlib import Path

from access.file_locks import try_lock

HOLD = """
import os, sys
from access.file_locks import try_lock
print(try_lock(os.open(sys.argv[1], os.O_RDWR)), flush=True)
sys.stdin.read()
"""


def test_the_second_is_told_at_once_and_may_have_it_when_the_first_is_killed(
    tmp_path: Path,
) -> None:
    path = tmp_path / "lock"
    path.touch()
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    file = os.open(path, os.O_RDWR)
    with holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "True\n"
        assert not try_lock(file)
        holder.kill()
    assert try_lock(file)
    os.close(file)
