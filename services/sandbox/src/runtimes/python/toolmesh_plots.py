"""Figures of matplotlib: shown they are displayed and become files in the working directory, left open at the end likewise."""

import os
import sys

import toolmesh_display as display_module
import toolmesh_hooks as hooks
import toolmesh_program as user_program

PLOT_NAME = "plot-{}.png"
PICTURES = (".png", ".jpg", ".jpeg", ".gif", ".webp", ".svg")
GUI_BACKENDS = "tkagg tkcairo qtagg qt5agg qt4agg qtcairo qt5cairo wxagg wx wxcairo gtk3agg gtk4agg gtk3cairo gtk4cairo macosx webagg nbagg notebook ipympl widget inline auto".split()
FONTS = ("/opt/python-layer/fonts",)


def preload(names=("numpy", "pandas", "matplotlib.pyplot")):
    """Imports what programs with data begin with. A part that is not installed is left out."""
    os.makedirs(os.environ.get("MPLCONFIGDIR", "/tmp"), exist_ok=True)
    for name in names:
        try:
            __import__(name)
        except ImportError:
            continue


def watch():
    """Has the libraries of plots behave here as in a notebook, from their import on."""
    hooks.after_import("pandas", _widen_frames)
    hooks.after_import("matplotlib", _without_windows)
    hooks.after_import("matplotlib.pyplot", _show_by_saving)
    hooks.after_import("matplotlib.font_manager", _with_all_fonts)
    hooks.after_import("matplotlib.animation", _without_ffmpeg)


def _widen_frames(pandas):
    pandas.set_option("display.width", 120)
    pandas.set_option("display.max_columns", 20)


def _without_windows(matplotlib):
    """There are no windows: `use('TkAgg')` draws into memory, as everything does."""
    use = matplotlib.use

    def use_drawing(backend, *, force=True):
        name = str(backend).lower()
        use("agg" if name in GUI_BACKENDS or "backend_inline" in name or "ipympl" in name else backend, force=force)

    use_drawing.__doc__ = use.__doc__
    matplotlib.use = use_drawing
    named = os.environ.get("MPLBACKEND", "")
    if named.lower() in GUI_BACKENDS or "inline" in named:
        use("agg")


def _show_by_saving(pyplot):
    """`plt.show()` waits for a window elsewhere; here the figures are shown as they are, and the program goes on."""
    figure_class = pyplot.Figure
    savefig = figure_class.savefig
    switch = pyplot.switch_backend

    def save_and_remember(figure, *args, **kwargs):
        savefig(figure, *args, **kwargs)
        figure._saved_by_program = True
        target = args[0] if args else kwargs.get("fname", "")
        if isinstance(target, (str, os.PathLike)) and _is_picture(os.fspath(target), kwargs.get("format")):
            figure._picture_by_program = True

    figure_class.savefig = save_and_remember
    figure_class._saved_as_it_is = savefig
    figure_class.show = lambda figure, *_, **__: show(figure)
    pyplot.show = lambda *_, **__: show_open_figures()
    pyplot.switch_backend = lambda name: switch("agg" if str(name).lower() in GUI_BACKENDS else name)
    pyplot.rcParams.setdefault("animation.writer", "pillow")


def _is_picture(path, kind):
    name = f".{kind}" if kind else os.path.splitext(path)[1].lower() or ".png"
    return name in PICTURES


def png_of(figure):
    """Draws a figure; returns the bytes of a PNG."""
    import io

    if figure.canvas is None or not hasattr(figure.canvas, "print_png"):
        from matplotlib.backends.backend_agg import FigureCanvasAgg

        FigureCanvasAgg(figure)
    with io.BytesIO() as file:
        save = getattr(figure, "_saved_as_it_is", figure.savefig)
        save(file, format="png")
        return file.getvalue()


def show_open_figures():
    """Shows and closes every open figure, but for those that the program has saved as pictures itself."""
    _close_figures("_picture_by_program")


def save_open_figures():
    """Does so at the end of a program; one that it has saved in whatever form is only closed."""
    _close_figures("_saved_by_program")


def _close_figures(mark):
    """Shows and closes every open figure; one with the attribute `mark` is only closed."""
    pyplot = sys.modules["matplotlib.pyplot"]
    for number in pyplot.get_fignums():
        figure = pyplot.figure(number)
        if not getattr(figure, mark, False):
            show(figure)
        pyplot.close(figure)


def is_open(figure):
    """Returns true for a figure that pyplot has and that has not been shown or saved yet."""
    pyplot = sys.modules.get("matplotlib.pyplot")
    if pyplot is None or getattr(figure, "_saved_by_program", False):
        return False
    return any(manager.canvas.figure is figure for manager in pyplot._pylab_helpers.Gcf.figs.values())


def show(figure):
    """Shows a figure and keeps it as a file."""
    data = png_of(figure)
    name = _free_name()
    try:
        with open(os.path.join(user_program.WORK_DIR, name), "wb") as file:
            file.write(data)
    except OSError as error:
        name = None
        sys.stderr.write(f"The figure could not be kept as a file: {error}\n")
    figure._saved_by_program = figure._picture_by_program = True
    display_module.publish({"image/png": data, "text/plain": repr(figure)}, artifact=name)


def _free_name():
    number = 1
    while os.path.exists(os.path.join(user_program.WORK_DIR, PLOT_NAME.format(number))):
        number += 1
    return PLOT_NAME.format(number)


# --- fonts ---

FALLBACKS = (
    "Noto Sans CJK SC", "Noto Sans SC", "Noto Sans JP", "Noto Sans KR", "NanumGothic", "Noto Sans TC", "Noto Sans Arabic",
    "Noto Sans Devanagari", "Noto Sans Hebrew", "Noto Sans Thai", "Noto Sans Bengali", "Noto Sans Tamil", "Noto Sans Telugu", "Noto Emoji",
    "Noto Sans Symbols 2", "Noto Sans Symbols", "Noto Sans",
)  # fmt: skip
"""Asked in this order for a character that the chosen font has not."""

ALIASES = {
    "Noto Sans CJK SC": (
        "SimHei", "SimSun", "Microsoft YaHei", "WenQuanYi Zen Hei", "WenQuanYi Micro Hei", "PingFang SC", "PingFang HK", "Heiti SC",
        "Heiti TC", "STHeiti", "STSong", "STXihei", "Songti SC", "KaiTi", "FangSong", "Hiragino Sans GB", "Source Han Sans SC",
        "Source Han Sans CN", "Noto Sans SC", "Noto Sans CJK TC", "Noto Sans CJK JP", "Noto Sans CJK KR", "Noto Sans JP", "Noto Sans KR",
        "Noto Sans TC", "Noto Serif CJK SC", "Droid Sans Fallback", "Arial Unicode MS", "AR PL UMing CN", "Microsoft JhengHei", "MS Gothic",
        "Yu Gothic", "Meiryo", "IPAexGothic", "IPAGothic", "TakaoPGothic", "Hiragino Sans", "Hiragino Maru Gothic Pro", "Malgun Gothic",
        "NanumGothic", "NanumBarunGothic", "AppleGothic", "Gulim", "Dotum",
    ),
    "DejaVu Sans": ("Arial", "Helvetica", "Helvetica Neue", "Verdana", "Tahoma", "Calibri", "Segoe UI", "Liberation Sans", "Roboto", "Open Sans", "Lato", "Inter"),
    "DejaVu Serif": ("Times New Roman", "Times", "Georgia", "Cambria", "Liberation Serif", "Palatino"),
    "DejaVu Sans Mono": ("Courier New", "Courier", "Consolas", "Menlo", "Monaco", "Liberation Mono"),
    "Noto Emoji": ("Segoe UI Emoji", "Apple Color Emoji", "Noto Color Emoji", "Symbola"),
    "Noto Sans Devanagari": ("Mangal", "Nirmala UI", "Kohinoor Devanagari", "Lohit Devanagari"),
    "Noto Sans Arabic": ("Amiri", "Geeza Pro", "Traditional Arabic", "Noto Naskh Arabic"),
}  # fmt: skip
"""Names that programs ask for, by the font that they get here where there is no other."""


def font_files():
    """Returns the paths of the fonts that come with the sandbox."""
    found = []
    for folder in FONTS:
        try:
            found += [os.path.join(folder, name) for name in sorted(os.listdir(folder)) if name.lower().endswith((".ttf", ".otf", ".ttc"))]
        except OSError:
            continue
    return found


def _with_all_fonts(font_manager):
    manager = font_manager.fontManager
    known = {os.path.basename(entry.fname) for entry in manager.ttflist}
    for path in font_files():
        if os.path.basename(path) not in known:
            try:
                manager.addfont(path)
            except Exception:
                continue  # One that this version cannot read, such as one of pictures.
    families = {}
    for entry in manager.ttflist:
        families.setdefault(entry.name, []).append(entry)
    _add_aliases(manager, families)
    fallbacks = [name for name in FALLBACKS if name in families]
    if fallbacks:
        _ask_fallbacks(font_manager, manager, fallbacks)


def _add_aliases(manager, families):
    import dataclasses

    for name, aliases in ALIASES.items():
        similar = [family for family in FALLBACKS if name == "Noto Sans CJK SC" and family.startswith(("Noto Sans CJK", "Noto Sans SC"))]
        entries = next((families[one] for one in (name, *similar, "DejaVu Sans") if one in families), None)
        for alias in aliases if entries else ():
            if alias not in families:
                manager.ttflist += [dataclasses.replace(entry, name=alias) for entry in entries]


def _ask_fallbacks(font_manager, manager, fallbacks):
    kind = type(manager)
    find = kind._find_fonts_by_props

    def find_with_fallbacks(self, prop, *args, **kwargs):
        paths = find(self, prop, *args, **kwargs)
        plain = prop.copy() if hasattr(prop, "copy") else font_manager.FontProperties(weight=prop.get_weight())
        for name in fallbacks:
            plain.set_family(name)
            try:
                path = self.findfont(plain, fallback_to_default=False)
            except ValueError:
                continue
            if path not in paths:
                paths.append(path)
        return paths

    kind._find_fonts_by_props = find_with_fallbacks


# --- animations ---


def _without_ffmpeg(animation):
    """Makes a film an animated GIF if there is no ffmpeg, and tells the program."""
    if animation.writers.is_available("ffmpeg"):
        return
    save = animation.Animation.save

    def save_or_gif(self, filename, *args, **kwargs):
        stem, kind = os.path.splitext(os.fspath(filename))
        writer = args[0] if args else kwargs.get("writer")
        is_film = kind.lower() in (".mp4", ".mov", ".avi", ".mkv", ".webm", ".m4v")
        if not is_film and not _is_ffmpeg(writer):
            return save(self, filename, *args, **kwargs)
        fps = kwargs.get("fps") or getattr(writer, "fps", None) or (args[1] if len(args) > 1 else None)
        kept = {key: value for key, value in kwargs.items() if key in ("dpi", "progress_callback", "savefig_kwargs")}
        target = f"{stem}.gif" if is_film else filename
        sys.stderr.write(f"There is no ffmpeg in the sandbox: the animation is saved as {target} instead of {filename}\n")
        return save(self, target, writer="pillow", fps=fps, **kept)

    def to_html5_video(self, *_, **__):
        return f'<img src="data:image/gif;base64,{_gif_of(self)}"/>'

    animation.Animation.save = save_or_gif
    animation.Animation.to_html5_video = to_html5_video


def _is_ffmpeg(writer):
    return (isinstance(writer, str) and "ffmpeg" in writer) or "FFMpeg" in type(writer).__name__


def _gif_of(animation):
    import base64
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "animation.gif")
        animation.save(path, writer="pillow")
        with open(path, "rb") as file:
            return base64.b64encode(file.read()).decode()
