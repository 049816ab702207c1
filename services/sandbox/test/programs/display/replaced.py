# from: progress in a notebook (display_id, clear_output)
# display: text/markdown, text/html
# seen: done.*final

from IPython.display import HTML, Markdown, clear_output, display
display("gone")
clear_output(wait=True)
handle = display(Markdown("working"), display_id=True)
display(HTML("final"))
handle.update(Markdown("done"))
