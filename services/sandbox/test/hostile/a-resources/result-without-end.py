# Values that no JSON can hold.
# expect: success
# stdout: done
circle = {"nan": float("nan"), "infinity": float("inf"), "bytes": bytes(range(256)), "surrogate": "\ud800"}
circle["self"] = circle
print("done")
circle
