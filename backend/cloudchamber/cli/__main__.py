"""``python -m cloudchamber.cli``: the same as ``cloudchamber``."""

from cloudchamber.cli import main

main()
