# Prints what a shell is given.
# only: namespaces
# expect: success
# stdout: ^CONTAINED\n$
if env | grep -v '^GIT_CONFIG_KEY_' | grep -iqE 'key|token|secret|password|canary'; then echo ESCAPED; else echo CONTAINED; fi
