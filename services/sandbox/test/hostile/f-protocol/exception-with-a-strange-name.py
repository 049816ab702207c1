# A name with everything in it that a report could trip over.
# expect: error
raise type("\n\0\u2028</script>{}'\"", (Exception,), {"__module__": None})("\ud800\0")
