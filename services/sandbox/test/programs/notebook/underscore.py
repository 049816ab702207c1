# from: interactive habit
# result: ^42$

6 * 7
# === next call
# result: ^43$

_ + 1
