# Every way to look at this error raises another one.
# expect: error
class Shy(BaseException):
    def __str__(self):
        raise Shy

    __repr__ = __str__

    @property
    def __traceback__(self):
        raise Shy

    @property
    def __cause__(self):
        raise Shy


raise Shy
