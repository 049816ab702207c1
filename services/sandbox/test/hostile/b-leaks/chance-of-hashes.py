# Who knows how strings are hashed can make them collide. In WebAssembly that is part of the memory that is saved.
# only: namespaces
# expect: success
# runs: 2
# distinct: yes
print(hash("hostile"))
