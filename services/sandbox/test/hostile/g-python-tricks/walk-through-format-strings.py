# Attributes by the language of format strings.
# expect: success
# stdout: CONTAINED
class Thing:
    def method(self):
        pass


try:
    print("{0.method.__globals__[__builtins__]}".format(Thing())[:100])
    print("{0.__class__.__base__.__subclasses__}".format(Thing()))
except (KeyError, AttributeError):
    pass
print("CONTAINED")
