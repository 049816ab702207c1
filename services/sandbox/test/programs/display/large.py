# from: large displays are left out, their text is kept
# display: text/plain
# seen: display: some were left out

class Large:
    def __repr__(self):
        return "a large one"

    def _repr_html_(self):
        return "x" * (8 << 20)

display(Large())
