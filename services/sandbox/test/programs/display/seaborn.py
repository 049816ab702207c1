# from: e2b-dev/code-interpreter#50
# needs: seaborn
# stderr: ^$
# artifacts: plot-1.png image/png 1000
# display: image/png

import seaborn as sns
import matplotlib.pyplot as plt
sns.set_theme()
sns.histplot([1, 2, 2, 3])
plt.show()
