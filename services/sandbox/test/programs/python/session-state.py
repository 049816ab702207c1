# from: open-webui#9614
# result: None|null

x = 41
# === next call
# result: ^42$

x + 1
