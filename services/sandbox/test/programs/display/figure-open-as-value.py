# from: fig as the last expression, as in notebooks
# needs: matplotlib
# display: image/png
# artifacts: plot-1.png image/png 1000
# seen: ^[^[]*\[image image/png\]$

import matplotlib.pyplot as plt
fig, ax = plt.subplots()
ax.bar(["a"], [1])
fig
