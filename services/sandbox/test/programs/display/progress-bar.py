# from: tqdm in the text for a model
# seen: ^stderr:\n100%\|####\|\nresult: 1$

import sys
for part in (25, 50, 100):
    sys.stderr.write(f"\r{part:3d}%|{'#' * (part // 25)}|")
sys.stderr.write("\n")
1
