# What cryptography is made of.
# expect: success
# runs: 2
# distinct: yes
import os

print(os.urandom(16).hex())
