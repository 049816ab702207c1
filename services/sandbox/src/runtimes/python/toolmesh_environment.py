"""Makes an interpreter one that programs written for notebooks and desktops find themselves at home in."""

import builtins
import os
import sys

import toolmesh_display as display_module
import toolmesh_hooks as hooks
import toolmesh_plots as plots
import toolmesh_program as user_program


def prepare():
    """Puts names and modules in place; to be called once, before the first program."""
    from _sitebuiltins import Quitter, _Helper

    # They come with the module `site`, which an interpreter of ours starts without.
    builtins.exit, builtins.quit, builtins.help = Quitter("exit", ""), Quitter("quit", ""), _Helper()
    builtins.display = display_module.display
    sys.breakpointhook = _no_debugger
    hooks.install()
    plots.watch()
    hooks.substitute("IPython", _fill_ipython)
    for name in _NOTEBOOK:
        hooks.substitute(name, _fill_ipython)
    hooks.after_import("PIL.Image", _show_pictures)
    hooks.after_import("PIL.ImageFont", _find_fonts)
    hooks.after_import("plotly.io", _show_plotly)
    hooks.after_import("plotly.offline", _without_page)
    hooks.after_import("webbrowser", _no_browser)
    hooks.after_import("locale", _with_locales)
    hooks.after_import("asyncio", _nested)


_NOTEBOOK = (
    "IPython.display IPython.core IPython.core.display IPython.core.display_functions IPython.core.interactiveshell "
    "IPython.core.getipython IPython.core.magic IPython.core.pylabtools nest_asyncio google google.colab"
).split()


def _fill_ipython(module):
    user_program.import_ours("toolmesh_ipython").fill(module)


def _no_debugger(*_, **__):
    sys.stderr.write("breakpoint(): there is no debugger here; the program goes on\n")


def _no_browser(webbrowser):
    def open_nothing(url, new=0, autoraise=True):
        sys.stderr.write(f"webbrowser: there is no browser here to open {url}\n")
        return False

    webbrowser.open = webbrowser.open_new = webbrowser.open_new_tab = open_nothing


# --- pictures ---


def _show_pictures(module):
    module.Image.show = lambda picture, *_, **__: display_module.display(picture)
    module.show = module._show = lambda picture, **_: display_module.display(picture)


_FONT_NAMES = (
    (("mono", "cour", "consola", "menlo"), "DejaVuSansMono"),
    (("times", "serif", "georgia", "cambria"), "DejaVuSerif"),
    (("simhei", "simsun", "msyh", "wqy", "cjk", "yahei", "pingfang", "gothic", "meiryo", "malgun", "nanum", "notosanssc", "songti", "stheiti"), "NotoSansCJK|NotoSansSC"),
    (("emoji", "seguiemj"), "NotoEmoji"),
    (("arabic", "amiri"), "NotoSansArabic"),
    (("devanagari", "mangal", "nirmala"), "NotoSansDevanagari"),
)


def _find_fonts(module):
    """Fonts are found by the names that programs use elsewhere, or the nearest is taken."""
    truetype = module.truetype

    def truetype_here(font=None, size=10, *args, **kwargs):
        try:
            return truetype(font, size, *args, **kwargs)
        except OSError:
            path = font_path(font) if isinstance(font, (str, os.PathLike)) else None
            if path is None:
                raise
            return truetype(path, size, *args, **kwargs)

    truetype_here.__doc__ = truetype.__doc__
    module.truetype = truetype_here


def font_path(asked):
    """Returns the path of the font that is asked for by a name or a path of elsewhere; nothing where there is none."""
    files = plots.font_files() + _fonts_of_matplotlib()
    name = os.path.splitext(os.path.basename(os.fspath(asked)))[0]
    exact = next((path for path in files if os.path.splitext(os.path.basename(path))[0].lower() == name.lower()), None)
    if exact is not None:
        return exact
    lowered = name.lower().replace("-", "").replace(" ", "").replace("_", "")
    wanted = next((stems for marks, stems in _FONT_NAMES if any(mark in lowered for mark in marks)), None)
    if wanted is None or (wanted == "DejaVuSerif" and "sans" in lowered):
        wanted = "DejaVuSans"
    is_bold = "bold" in lowered or lowered.endswith("bd")
    stems = [f"{stem}{suffix}" for stem in wanted.split("|") for suffix in (("-Bold", "-Regular", "") if is_bold else ("", "-Regular"))]
    for stem in stems + ["DejaVuSans"]:
        for path in files:
            if os.path.basename(path).startswith((f"{stem}.", f"{stem}[")):
                return path
    return next((path for stem in wanted.split("|") for path in files if os.path.basename(path).startswith(stem)), None)


def _fonts_of_matplotlib():
    for folder in sys.path:
        fonts = os.path.join(folder, "matplotlib/mpl-data/fonts/ttf")
        if os.path.isdir(fonts):
            return [os.path.join(fonts, name) for name in sorted(os.listdir(fonts)) if name.endswith(".ttf")]
    return []


def _show_plotly(module):
    """`fig.show()` shows the figure as data that a page can draw."""
    module.show = lambda figure, *_, **__: display_module.display(_as_figure(figure))


def _without_page(module):
    """No page has to be prepared for figures."""
    module.init_notebook_mode = lambda *_, **__: None


def _as_figure(figure):
    if not isinstance(figure, dict):
        return figure
    return __import__("plotly.graph_objects", fromlist=["Figure"]).Figure(figure)


# --- locales ---

_SIGNS = {
    # decimal point, thousands separator, currency, ISO code, symbol precedes, space between
    "en_US": (".", ",", "$", "USD ", 1, 0),
    "en_GB": (".", ",", "\u00a3", "GBP ", 1, 0),
    "en_CA": (".", ",", "$", "CAD ", 1, 0),
    "en_AU": (".", ",", "$", "AUD ", 1, 0),
    "en_IN": (".", ",", "\u20b9", "INR ", 1, 0),
    "de_DE": (",", ".", "\u20ac", "EUR ", 0, 1),
    "de_AT": (",", ".", "\u20ac", "EUR ", 1, 1),
    "de_CH": (".", "\u2019", "CHF", "CHF ", 1, 1),
    "fr_FR": (",", "\u202f", "\u20ac", "EUR ", 0, 1),
    "es_ES": (",", ".", "\u20ac", "EUR ", 0, 1),
    "it_IT": (",", ".", "\u20ac", "EUR ", 0, 1),
    "nl_NL": (",", ".", "\u20ac", "EUR ", 1, 1),
    "pt_PT": (",", ".", "\u20ac", "EUR ", 0, 1),
    "pt_BR": (",", ".", "R$", "BRL ", 1, 1),
    "pl_PL": (",", "\u202f", "z\u0142", "PLN ", 0, 1),
    "sv_SE": (",", "\u202f", "kr", "SEK ", 0, 1),
    "da_DK": (",", ".", "kr.", "DKK ", 0, 1),
    "nb_NO": (",", "\u202f", "kr", "NOK ", 1, 1),
    "fi_FI": (",", "\u202f", "\u20ac", "EUR ", 0, 1),
    "ru_RU": (",", "\u202f", "\u20bd", "RUB ", 0, 1),
    "tr_TR": (",", ".", "\u20ba", "TRY ", 1, 0),
    "ja_JP": (".", ",", "\uffe5", "JPY ", 1, 0),
    "zh_CN": (".", ",", "\uffe5", "CNY ", 1, 0),
    "ko_KR": (".", ",", "\u20a9", "KRW ", 1, 0),
    "hi_IN": (".", ",", "\u20b9", "INR ", 1, 0),
}


def _with_locales(module):
    """A locale that the system has not is kept in mind: numbers and amounts of money are written as it wants."""
    setlocale = module.setlocale
    chosen = {}

    def setlocale_here(category, locale=None):
        if locale is None:
            return chosen.get(category) or chosen.get(module.LC_ALL) or setlocale(category)
        name = locale if isinstance(locale, str) else ".".join(filter(None, locale))
        wanted = name.partition(".")[0].partition("@")[0]
        if "-" in wanted and "_" not in wanted:
            wanted = wanted.replace("-", "_")
        signs = _SIGNS.get(wanted) or _SIGNS.get(_LONG_NAMES.get(wanted.lower(), ""))
        try:
            answer = setlocale(category, locale)
            is_real = signs is None or not _lacks(module, signs)
        except module.Error:
            if signs is None:
                raise
            answer, is_real = name, False
        chosen.pop(category, None)
        if category in (module.LC_ALL, module.LC_NUMERIC, module.LC_MONETARY):
            _override(module, None if is_real else signs, category)
        if not is_real:
            chosen[category] = answer = name
        return answer

    setlocale_here.__doc__ = setlocale.__doc__
    module.setlocale = setlocale_here


_LONG_NAMES = {
    "english": "en_US", "american": "en_US", "german": "de_DE", "french": "fr_FR", "spanish": "es_ES", "italian": "it_IT",
    "english_united states": "en_US", "german_germany": "de_DE", "de": "de_DE", "fr": "fr_FR", "es": "es_ES", "it": "it_IT",
    "en": "en_US", "pt": "pt_PT", "nl": "nl_NL", "ja": "ja_JP", "zh": "zh_CN", "ko": "ko_KR", "ru": "ru_RU",
}  # fmt: skip


def _lacks(module, signs):
    known = module._localeconv()
    return known.get("decimal_point") != signs[0] or not known.get("thousands_sep")


def _override(module, signs, category):
    overridden = module._override_localeconv
    if signs is None:
        overridden.clear()
        return
    point, separator, currency, code, precedes, space = signs
    grouping = [3, 2, 0] if code == "INR " else [3, 3, 0]
    if category != module.LC_MONETARY:
        overridden.update(decimal_point=point, thousands_sep=separator, grouping=grouping)
    if category != module.LC_NUMERIC:
        overridden.update(
            mon_decimal_point=point, mon_thousands_sep=separator, mon_grouping=grouping, currency_symbol=currency,
            int_curr_symbol=code, positive_sign="", negative_sign="-", frac_digits=0 if code in ("JPY ", "KRW ") else 2,
            int_frac_digits=2, p_cs_precedes=precedes, n_cs_precedes=precedes, p_sep_by_space=space, n_sep_by_space=space,
            p_sign_posn=1, n_sign_posn=1,
        )  # fmt: skip


# --- asyncio ---


def _nested(asyncio):
    """`asyncio.run` and `run_until_complete` work below a top-level `await`, where a loop runs already."""
    run = asyncio.run
    base = asyncio.base_events.BaseEventLoop
    until_complete = base.run_until_complete

    def run_nested(main, **options):
        running = asyncio._get_running_loop()
        if running is None:
            return run(main, **options)
        with _suspended(asyncio, running):
            # Not `run`, which would leave the thread without a loop.
            loop = asyncio.new_event_loop()
            try:
                return until_complete(loop, main)
            finally:
                until_complete(loop, loop.shutdown_asyncgens())
                loop.close()

    def until_complete_nested(loop, future):
        running = asyncio._get_running_loop()
        if running is None or not asyncio.iscoroutine(future):
            return until_complete(loop, future)
        return run_nested(future)

    run_nested.__doc__ = run.__doc__
    asyncio.run = asyncio.runners.run = run_nested
    base.run_until_complete = until_complete_nested


class _suspended:
    """Takes a loop and its task aside while another loop runs in this thread."""

    def __init__(self, asyncio, running):
        self._asyncio, self._running = asyncio, running

    def __enter__(self):
        swap = getattr(self._asyncio.tasks, "_swap_current_task", None)
        self._task = None if swap is None else swap(self._running, None)
        self._asyncio._set_running_loop(None)

    def __exit__(self, *_):
        self._asyncio._set_running_loop(self._running)
        if self._task is not None:
            self._asyncio.tasks._swap_current_task(self._running, self._task)
