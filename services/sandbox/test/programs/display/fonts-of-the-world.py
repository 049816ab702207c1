# from: e2b-dev/E2B#818, QwenLM/Qwen-Agent#13, infiniflow/ragflow#14189
# needs: matplotlib
# stderr: ^$
# artifacts: plot-1.png image/png 1000

import matplotlib.pyplot as plt
plt.rcParams["font.sans-serif"] = ["SimHei", "Noto Sans CJK SC", "WenQuanYi Zen Hei"]
plt.rcParams["axes.unicode_minus"] = False
plt.title("中文 日本語 한국어 العربية हिन्दी 🎉")
plt.plot([1, 2, 3], label="销售额")
plt.legend()
plt.show()
