# from: scripts that open what they have made
# stderr: no browser here to open https://example\.com

import webbrowser
webbrowser.open("https://example.com")
