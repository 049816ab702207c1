# What most programs would do.
# expect: error
# timeout_ms: 4000
import urllib.request

page = urllib.request.urlopen("http://example.com/", timeout=2)
print("ESCAPED:", page.status)
