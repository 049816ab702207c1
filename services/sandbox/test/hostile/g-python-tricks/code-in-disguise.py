# Code as numbers, as letters turned around, as an encoded text, as pieces.
# expect: success
# stdout: CONTAINED
import base64
import os

wish = "import os; os.system('cat /etc/shadow >> hostile-shadow 2> /dev/null')"
disguises = (
    base64.b64decode(base64.b64encode(wish.encode())).decode(),
    "".join(map(chr, [ord(letter) for letter in wish])),
    wish[::-1][::-1],
    "exec(bytes.fromhex('" + wish.encode().hex() + "'))",
    f"{'__imp' + 'ort__'}('o' 's').__dict__['sys' + 'tem']('true')",
    "getattr(__import__('builtins'), 'ev' + 'al')('1')",
)
for disguise in disguises:
    try:
        exec(disguise)
    except OSError:
        pass
print("ESCAPED" if os.path.exists("hostile-shadow") and os.path.getsize("hostile-shadow") else "CONTAINED")
