# from: a model leaves its fence
# stdout: ^fenced\n$

```python
print("fenced")
```
