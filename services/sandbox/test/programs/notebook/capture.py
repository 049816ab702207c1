# from: notebook habit (%%capture)
# result: None|null

%%capture captured
print("quiet")
# === next call
# result: ^'quiet\\n'$

captured.stdout
