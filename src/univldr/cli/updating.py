"""An index brought up to date on the way to something else."""

from __future__ import annotations

import sys
from collections.abc import Callable

from univldr.errors import MissingExtra, ModelError
from univldr.pipeline import IndexReport


def updated(run: Callable[..., IndexReport]) -> IndexReport:
    """Bring the index up to date; where words cannot be made on this machine, without them.

    Args:
        run: ``update`` with all it needs but for ``words``.
    """
    try:
        return run()
    except (MissingExtra, ModelError) as error:  # where it is the encoder's, it comes again
        print(f"univldr: new pictures get no words this time: {error}", file=sys.stderr)
        return run(words=False)
