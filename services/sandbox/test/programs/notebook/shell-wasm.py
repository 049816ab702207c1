# from: notebook habit, where there are no other programs
# only: wasm
# status: error
# error: ^UsageError: there are no other programs here

!ls
