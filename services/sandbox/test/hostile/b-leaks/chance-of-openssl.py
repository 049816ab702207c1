# OpenSSL knows forks by the number of their process, which is the same in each jail.
# only: namespaces
# expect: success
# runs: 2
# distinct: yes
import ssl

print(ssl.RAND_bytes(16).hex())
