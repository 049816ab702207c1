# from: a model leaves one of its fences
# stdout: ^open\n$

```py
print("open")
