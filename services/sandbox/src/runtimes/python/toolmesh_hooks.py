"""Does something to a module once it has been imported, and knows modules that stand in for some that are not here."""

import sys

_actions = {}
_substitutes = {}


def after_import(name, action):
    """Calls `action(module)` after the module `name` has been imported, at once where it has been."""
    module = sys.modules.get(name)
    if module is not None and not getattr(getattr(module, "__spec__", None), "_initializing", False):
        action(module)
    else:
        _actions.setdefault(name, []).append(action)


def substitute(name, make):
    """Has `make(module)` fill the module `name` where there is no other of that name."""
    _substitutes[name] = make


class _Watcher:
    """The first of the finders: lets the others find a module, and acts when that one has been loaded."""

    def find_spec(self, name, path=None, target=None):
        if name not in _actions:
            return None
        spec = _found_by_others(self, name, path, target)
        if spec is not None and hasattr(spec.loader, "exec_module"):
            spec.loader = _Loader(spec.loader)
        return spec


class _Loader:
    """A module's own loader, but for what follows the load."""

    def __init__(self, loader):
        self._loader = loader

    def __getattr__(self, name):
        return getattr(self._loader, name)

    def create_module(self, spec):
        return self._loader.create_module(spec)

    def exec_module(self, module):
        module.__loader__ = module.__spec__.loader = self._loader
        self._loader.exec_module(module)
        for action in _actions.pop(module.__name__, ()):
            try:
                action(module)
            except Exception:
                pass  # The module is another version than we know: it is left as it is.


class _Substitutes:
    """The last of the finders."""

    def find_spec(self, name, path=None, target=None):
        if name not in _substitutes:
            return None
        spec = type(sys.__spec__)(name, self, is_package=True)
        spec.submodule_search_locations = []
        return spec

    def create_module(self, spec):
        return None

    def exec_module(self, module):
        _substitutes[module.__name__](module)


def _found_by_others(watcher, name, path, target):
    for finder in sys.meta_path:
        find = getattr(finder, "find_spec", None)
        if finder is watcher or find is None:
            continue
        spec = find(name, path, target)
        if spec is not None:
            return spec
    return None


def install():
    """Puts the finders in place, once."""
    if not any(isinstance(finder, _Watcher) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Watcher())
        sys.meta_path.append(_Substitutes())
