# A console for whoever is on the other end.
# expect: success | error
# stdin: print("from the console")
import code

code.interact(banner="hello", exitmsg="bye")
