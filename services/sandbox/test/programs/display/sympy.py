# from: notebook habit (formulas)
# needs: sympy
# display: text/latex|text/plain
# result: ^exp\(x\)\*sin\(x\)/2 - exp\(x\)\*cos\(x\)/2$

import sympy as sp
sp.init_printing()
x = sp.symbols("x")
sp.integrate(sp.sin(x) * sp.exp(x), x)
