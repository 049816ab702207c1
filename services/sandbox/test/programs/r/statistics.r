# from: analysts' first lines
# stdout: \[1\] 2\.5.*Multiple R-squared

x <- c(1, 2, 3, 4)
mean(x)
d <- data.frame(x = x, y = c(2.1, 3.9, 6.2, 7.8))
summary(lm(y ~ x, data = d))
