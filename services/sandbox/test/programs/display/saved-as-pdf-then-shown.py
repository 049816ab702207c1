# from: a PDF for print, a picture for the reader
# needs: matplotlib
# artifacts: line.pdf application/pdf 1000, plot-1.png image/png 1000
# display: image/png

import matplotlib.pyplot as plt
plt.plot([1, 2, 3])
plt.savefig("line.pdf")
plt.show()
