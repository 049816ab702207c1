# from: matplotlib animations without ffmpeg
# needs: matplotlib
# stderr: There is no ffmpeg in the sandbox: the animation is saved as wave.gif instead of wave.mp4
# artifacts: wave.gif image/gif 500

import matplotlib.pyplot as plt
from matplotlib.animation import FuncAnimation
fig, ax = plt.subplots(figsize=(2, 2))
(line,) = ax.plot([0, 1])
animation = FuncAnimation(fig, lambda i: line.set_ydata([i, 1]), frames=3)
animation.save("wave.mp4", fps=5)
