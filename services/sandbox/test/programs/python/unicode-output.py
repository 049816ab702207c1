# from: models print emoji
# stdout: ^日本語 ✅ €\n$

print("日本語 ✅ €")
