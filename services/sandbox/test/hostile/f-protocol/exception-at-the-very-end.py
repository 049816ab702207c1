# Errors in destructors are told and change nothing.
# expect: success
# stdout: done
class Sore:
    def __del__(self):
        raise ValueError("too late")


sore = Sore()
loop = [sore]
loop.append(loop)
print("done")
