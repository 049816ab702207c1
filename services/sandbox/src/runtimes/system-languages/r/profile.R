# Read by R before each program: plots are pictures of their own, and nothing waits for a person or a network.
options(
  device = function(...) grDevices::png("plot-%d.png", width = 960, height = 720, res = 120, type = "cairo"),
  bitmapType = "cairo",
  menu.graphics = FALSE,
  pager = "/usr/bin/cat",
  repos = c(CRAN = "https://cloud.r-project.org")
)
