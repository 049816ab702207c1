# Only a comment.
# expect: success
# artifacts: -
