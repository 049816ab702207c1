# from: programs that fetch
# status: error
# only: namespaces
# error: There is no network in the sandbox

import urllib.request
urllib.request.urlopen("https://example.com", timeout=5)
