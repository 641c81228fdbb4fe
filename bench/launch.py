"""Starts one command, waits for it and tells what it took: `python -I -S launch.py REPORT WORD …`.

A process of its own, and small: the peak memory that the system reports for a child is never less than what its parent
had when it started it, and the benchmark itself holds rows to compare.
"""

import json
import os
import subprocess
import sys
import time


def main(report: str, *words: str) -> int:
    started = time.perf_counter()
    process = subprocess.Popen(words)
    _, status, used = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    told = {"seconds": seconds, "cpu": used.ru_utime + used.ru_stime, "memory": used.ru_maxrss * 1024}
    with open(report, "w") as file:
        json.dump(told, file)
    return process.returncode


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
