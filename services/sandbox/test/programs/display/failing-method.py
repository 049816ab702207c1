# from: libraries whose method fails
# stderr: repr_html of Odd: ValueError: no
# result: Odd object
# display: -

class Odd:
    def _repr_html_(self):
        raise ValueError("no")

Odd()
