# from: set -euo pipefail, the habit of careful scripts
# status: error
# stdout: ^before\n$
# seen: exit code 1

set -euo pipefail
echo before
false | true
echo after
