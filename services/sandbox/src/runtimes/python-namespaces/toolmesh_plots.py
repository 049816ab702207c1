"""Figures of matplotlib that a program has left open become files in its working directory, as a notebook shows them."""

import os
import sys

PLOT_NAME = "plot-{}.png"


def preload():
    """Imports what programs with data begin with. A part that is not installed is left out."""
    os.makedirs(os.environ["MPLCONFIGDIR"], exist_ok=True)
    for name in ("numpy", "pandas", "matplotlib.pyplot"):
        try:
            __import__(name)
        except ImportError:
            continue
    _widen_frames()
    _show_by_saving()


def _widen_frames():
    pandas = sys.modules.get("pandas")
    if pandas is not None:
        pandas.set_option("display.width", 120)
        pandas.set_option("display.max_columns", 20)


def _show_by_saving():
    """`plt.show()` waits for a window elsewhere; here the figures are files, and the program goes on."""
    pyplot = sys.modules.get("matplotlib.pyplot")
    if pyplot is None:
        return
    pyplot.show = lambda *_, **__: save_open_figures()
    savefig = pyplot.Figure.savefig

    def save_and_remember(figure, *args, **kwargs):
        savefig(figure, *args, **kwargs)
        figure._saved_by_program = True

    pyplot.Figure.savefig = save_and_remember


def save_open_figures():
    """Saves and closes every open figure; one that the program has saved itself is only closed."""
    pyplot = sys.modules["matplotlib.pyplot"]
    for number in pyplot.get_fignums():
        figure = pyplot.figure(number)
        if not getattr(figure, "_saved_by_program", False):
            figure.savefig(_free_name())
        pyplot.close(figure)


def _free_name():
    number = 1
    while os.path.exists(PLOT_NAME.format(number)):
        number += 1
    return PLOT_NAME.format(number)
