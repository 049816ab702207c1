# from: matplotlib.use in code of desktops
# needs: matplotlib
# artifacts: plot-1.png image/png 1000

import matplotlib
matplotlib.use("TkAgg")
import matplotlib.pyplot as plt
plt.switch_backend("Qt5Agg")
plt.plot([1, 2])
plt.show(block=True)
