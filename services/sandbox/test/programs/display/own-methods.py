# from: classes with _repr_html_, _repr_png_, _repr_mimebundle_
# display: text/html|text/plain, image/png, text/html|application/json

class Html:
    def _repr_html_(self):
        return "<i>mine</i>"

class Png:
    def _repr_png_(self):
        return b"\x89PNG\r\n\x1a\n"

class Bundle:
    def _repr_mimebundle_(self, include=None, exclude=None):
        return {"text/html": "<p>", "application/json": {"n": 1}}

display(Html(), Png())
Bundle()
