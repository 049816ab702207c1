# Names that are an option, a path elsewhere, a line break, a drive, or no text.
# expect: success
import os

names = ["-rf", "--help", "hostile\nname", "hostile\tname", "..hostile", "...", " ", "~", "$(id)", "`id`", "a;b", "C:\\x",
         "..\\..\\x", "%2e%2e%2fx", "\u202egnp.exe", "hostile" + "x" * 240, "\ufeffx", "nul", "con", "*", "?", '"', "'"]
for name in names:
    with open(name, "w") as file:
        file.write("x")
try:
    os.close(os.open(b"hostile-\xff\xfe", os.O_CREAT | os.O_WRONLY))
except (OSError, UnicodeError):
    pass
print("done")
