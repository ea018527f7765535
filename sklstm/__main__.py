"""``python -m sklstm`` is ``sklstm``."""

import sys

from sklstm.cli import run

sys.exit(run())
