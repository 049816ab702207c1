# from: figures without pyplot
# needs: matplotlib
# display: image/png
# artifacts: -
# seen: \[image image/png\]

from matplotlib.figure import Figure
figure = Figure()
figure.subplots().plot([1, 2, 3])
figure
