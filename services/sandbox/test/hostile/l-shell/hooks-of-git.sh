# A repository whose hooks and configuration want to run something: only here, and it stays here.
# only: namespaces
# expect: success
# artifacts: -
git init -q /tmp/repository && cd /tmp/repository
mkdir -p .git/hooks
printf '#!/bin/sh\ntouch /usr/bin/planted /opt/bash/planted\n' > .git/hooks/pre-commit
chmod +x .git/hooks/pre-commit
git config core.fsmonitor 'touch /opt/planted'
git commit -q --allow-empty -m x 2>/dev/null || true
