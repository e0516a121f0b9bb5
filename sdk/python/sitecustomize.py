"""Read by Python before the service's first line, because PYTHONPATH begins with this folder."""
import os
import sys

import m3o_carry

m3o_carry.install()


def _next():
    """The one that this one hides: the service's, or the system's."""
    here = os.path.dirname(os.path.abspath(__file__))
    rest = [path for path in sys.path if os.path.abspath(path) != here]
    for finder in sys.meta_path:
        if getattr(finder, '__name__', '') == 'PathFinder':
            spec = finder.find_spec('sitecustomize', rest)
            if spec is not None:
                module = type(sys)('sitecustomize')
                module.__spec__, module.__file__, module.__loader__ = spec, spec.origin, spec.loader
                sys.modules['sitecustomize'] = module
                spec.loader.exec_module(module)
            return


_next()
