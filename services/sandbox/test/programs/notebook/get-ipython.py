# from: scripts exported from notebooks
# result: ^True$

from IPython import get_ipython
get_ipython().run_line_magic("matplotlib", "inline")
get_ipython() is not None
