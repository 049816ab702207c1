# from: EtiennePerot/safe-code-execution
# artifacts: out.txt text/plain 3

set -euo pipefail
echo hi > out.txt
