# from: a script that does not parse
# status: error
# stderr: syntax error

if true; then
  echo never
