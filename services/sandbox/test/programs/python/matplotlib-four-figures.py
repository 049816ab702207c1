# from: open-webui#10463, #10245
# needs: matplotlib
# artifacts: plot-1.png image/png 1000, plot-2.png image/png 1000, plot-3.png image/png 1000, plot-4.png image/png 1000

import matplotlib.pyplot as plt
for n in range(4):
    plt.figure()
    plt.plot([1, 2, n])
    plt.show()
