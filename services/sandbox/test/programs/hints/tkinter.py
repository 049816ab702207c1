# from: models write for desktops
# status: error
# error: There are no windows in the sandbox
# only: namespaces

import tkinter
