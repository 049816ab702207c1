# from: notebook habit (IPython.display)
# stdout: ^before\nafter\n$
# display: text/html|text/plain, text/markdown|text/plain
# seen: display \(text/html, text/plain\):\n<b>bold</b>\ndisplay \(text/markdown, text/plain\):\n# Title

from IPython.display import HTML, Markdown, display
print("before")
display(HTML("<b>bold</b>"))
print("after")
Markdown("# Title")
