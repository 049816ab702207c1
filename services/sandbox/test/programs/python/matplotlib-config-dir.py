# from: langgenius/dify#20077
# needs: matplotlib
# stderr: ^$
# artifacts: chart.png image/png 1000

import matplotlib
matplotlib.use("Agg")
import matplotlib.pyplot as plt
plt.bar(["a", "b"], [1, 2])
plt.savefig("chart.png")
