# Replaces what the runner of programs is made of; only this program can suffer.
# only: namespaces
# expect: success | error | timeout
# timeout_ms: 2000
printf() { echo forged; }
read() { return 1; }
exit() { while true; do :; done; }
trap 'while true; do :; done' EXIT
PROMPT_COMMAND='echo forged'
set -o noexec
