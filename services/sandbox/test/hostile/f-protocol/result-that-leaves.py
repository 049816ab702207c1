# expect: error
class Leaver:
    def __repr__(self):
        raise SystemExit(9)


Leaver()
