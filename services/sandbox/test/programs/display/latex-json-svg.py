# from: notebook habit
# display: text/latex, application/json, image/svg+xml, text/latex

from IPython.display import JSON, SVG, Latex, Math, display
display(Latex("$x^2$"), JSON({"a": [1, 2]}), SVG("<svg xmlns='http://www.w3.org/2000/svg'/>"), Math("x_1"))
