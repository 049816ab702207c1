# from: matplotlib animations in notebooks
# needs: matplotlib
# display: text/html, text/html

import matplotlib.pyplot as plt
from IPython.display import HTML, display
from matplotlib.animation import FuncAnimation
fig, ax = plt.subplots(figsize=(2, 2))
(line,) = ax.plot([0, 1])
animation = FuncAnimation(fig, lambda i: line.set_ydata([i, 1]), frames=2)
display(HTML(animation.to_jshtml()))
display(HTML(animation.to_html5_video()))
