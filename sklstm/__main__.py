"""``python -m sklstm`` is ``sklstm``."""

import sys

from sklstm.cli import main

sys.exit(main())
