# from: NousResearch/hermes-agent#10854
# status: timeout
# timeout_ms: 1500
# stdout: ^step 1\n$
# error: stopped after 1500 ms

import time
print("step 1")
time.sleep(60)
