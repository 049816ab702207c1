# from: notebook habit (display without an import)
# display: text/plain, text/plain
# seen: display \(text/plain\):\n\{'a': 1\}\ndisplay \(text/plain\):\n'text'

display({"a": 1}, "text")
