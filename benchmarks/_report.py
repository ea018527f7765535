"""What every benchmark prints: the machine, the versions, and ratios; and how it measures in processes of their own."""

import json
import os
import platform
import subprocess
import sys
from pathlib import Path


def print_machine(*modules):
    """The machine and the versions that the figures below were measured on."""
    versions = ", ".join(f"{module.__name__} {module.__version__}" for module in modules)
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {sys.version.split()[0]}, {versions}\n")


def print_table(header, rows):
    """A table in Markdown, ready for the README."""
    print("| " + " | ".join(header) + " |")
    print("|" + "---|" * len(header))
    for row in rows:
        print("| " + " | ".join(row) + " |")
    print()


def in_fresh_process(*arguments):
    """What Python prints as JSON in its last line, when a process of its own runs it with these arguments."""
    command = [sys.executable, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(command)} failed:\n{done.stderr}")
    return json.loads(done.stdout.splitlines()[-1])


def interleave(measure, cases, rounds):
    """Measure every case once in each round, so that a slow minute of the machine hits all: {case: [results]}."""
    results = {case: [] for case in cases}
    for _ in range(rounds):
        for case in cases:
            results[case].append(measure(*case))
    return results


def peak_memory(process="self"):
    """Most memory that a process had resident so far, in bytes; of its number, by default this one. Linux only."""
    # Not resource.getrusage: a process begins there with the peak of the one that started it.
    return _status(process, "VmHWM")


def forget_peak():
    """Let the peak of this process begin anew, from the memory that is resident now, and return that, in bytes."""
    Path("/proc/self/clear_refs").write_text("5")  # proc(5)
    return _status("self", "VmRSS")


def _status(process, field):
    for line in Path(f"/proc/{process}/status").read_text().splitlines():
        if line.startswith(f"{field}:"):
            return int(line.split()[1]) * 1024
    raise ValueError(f"/proc/{process}/status has no {field}.")
