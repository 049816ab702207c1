# Values whose repr is no text, raises, never ends, or is not the same twice.
# expect: error
class Liar:
    def __repr__(self):
        return 5


Liar()
