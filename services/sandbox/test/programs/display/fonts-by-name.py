# from: LLM code (plt.rcParams["font.family"] = "Microsoft YaHei")
# needs: matplotlib
# stderr: ^$
# artifacts: chart.png image/png 1000

import matplotlib.pyplot as plt
plt.rcParams["font.family"] = "Microsoft YaHei"
fig, ax = plt.subplots()
ax.set_title("季度报告", fontname="Arial")
fig.savefig("chart.png")
