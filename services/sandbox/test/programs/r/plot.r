# from: a plot without a device of its own
# artifacts: plot-1.png image/png 1000

plot(1:10, (1:10)^2, main = "Squares")
