# A proxy that the service was told of is a way out for its programs as well.
# expect: success
# stdout: CONTAINED
import os
import urllib.request

proxies = urllib.request.getproxies()
settings = [name for name in os.environ if "proxy" in name.lower() or "index" in name.lower()]
print(f"ESCAPED: {proxies} {settings}" if proxies or settings else "CONTAINED")
