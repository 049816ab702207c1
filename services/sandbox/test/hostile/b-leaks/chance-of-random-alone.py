# The generator that nobody seeds.
# expect: success
# runs: 2
# distinct: yes
import random

print(random.random())
