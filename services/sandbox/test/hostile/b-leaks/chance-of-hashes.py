# Programs that are forked from one launcher hash alike, until it is renewed (decision 13). Hashes tell of nothing else.
# only: namespaces
# expect: success
# stdout: CONTAINED
# runs: 2
import os
import random
import secrets
import tempfile
import uuid

mark = f"/tmp/{hash('hostile') & 0xFFFF_FFFF}"
print("ESCAPED" if os.path.exists(mark) else "CONTAINED")
open(mark, "w").write(f"{random.random()} {secrets.token_hex()} {uuid.uuid4()} {tempfile.mktemp()}")
