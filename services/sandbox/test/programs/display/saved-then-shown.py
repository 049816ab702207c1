# from: LibreChat#5054 (savefig, then show)
# needs: matplotlib
# artifacts: line.png image/png 1000
# display: -

import matplotlib.pyplot as plt
plt.plot([1, 2, 3])
plt.savefig("line.png")
plt.show()
