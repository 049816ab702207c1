# from: left in by accident
# stdout: ^after\n$
# stderr: ^breakpoint\(\): there is no debugger here

breakpoint()
print("after")
