# Runs the programs of one worker in one shell, so that what one of a session leaves is there for the next.
# Paths of programs come on descriptor 3, reports go to 4 and progress to 5 (toolmesh_interpreter.py); a program has none
# of them, nor 6, the way of tool calls. One that says `exit` ends the shell, and with it the session.

printf 'w\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0' >&5
__toolmesh_status=0
while IFS= read -r __toolmesh_path <&3; do
  . "$__toolmesh_path" 3<&- 4>&- 5>&- 6>&-
  __toolmesh_status=$?
  printf '{"exit_code":%d}\n' "$__toolmesh_status" >&4
  printf '.' >&5
done
exit "$__toolmesh_status"
