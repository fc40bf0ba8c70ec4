"""servqual: the statistics of the SERVQUAL gap model.

Everything public is here and is loaded when it is first used, so ``import servqual as sq`` costs
next to nothing. The list of names stands in ``__init__.pyi``, which type checkers read too.
"""

import lazy_loader as _lazy

__version__ = "0.1.0"

__getattr__, __dir__, __all__ = _lazy.attach_stub(__name__, __file__)
