"""`python -m sattrack`: the same as the command `sattrack`, where its folder is not on the path."""

import sys

from sattrack.cli.app import main

sys.exit(main())
