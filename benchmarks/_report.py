"""What every benchmark prints: the machine, the versions, and ratios."""

import os
import platform
import sys


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
