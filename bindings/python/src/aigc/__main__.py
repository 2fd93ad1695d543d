"""python -m aigc is the command aigc."""

import sys

from .cli import main

sys.exit(main())
