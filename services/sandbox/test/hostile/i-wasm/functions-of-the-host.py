# The functions that the runner was given: what else are they good for?
# expect: success
# stdout: CONTAINED
# only: wasm
import sys

for name in ("toolmesh_runner", "toolmesh_program"):
    module = sys.modules.get(name)
    for key, value in vars(module).items() if module else ():
        if type(value).__name__.startswith("Js"):
            print(key, value)
            try:
                found = value.constructor.constructor("return typeof process + typeof require")()
                print("ESCAPED:" if found != "undefinedundefined" else "harmless:", found)
            except Exception as error:
                print(type(error).__name__)
print("CONTAINED")
