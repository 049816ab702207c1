# What is above every exception that programs know.
# expect: error
class Above(BaseException):
    pass


try:
    raise GeneratorExit
except GeneratorExit as reason:
    raise Above from reason
