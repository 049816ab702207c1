# NUL, escape sequences that retitle and repaint a terminal, carriage returns, bells, separators of other scripts.
# expect: success
# stdout: end
print("\0\x1b[2J\x1b]0;title\x07\x1b]8;;http://example.com\x1b\\link\x1b]8;;\x1b\\")
print("harmless\rharmful\b\b\x7f\x85\u2028\u2029\u202e\u200b\ufeff")
print("end")
