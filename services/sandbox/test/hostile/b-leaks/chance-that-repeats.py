# Workers that start from the same memory must not draw the same numbers.
# expect: success
# runs: 2
# distinct: yes
import os
import random
import secrets
import tempfile
import uuid

print(random.random(), os.urandom(8).hex(), uuid.uuid4(), secrets.token_hex(8), next(tempfile._get_candidate_names()))
