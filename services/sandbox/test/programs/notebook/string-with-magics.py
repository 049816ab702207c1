# from: programs that write notebooks
# stdout: ^%matplotlib inline\n!pip install x\n```python\n$

text = """%matplotlib inline
!pip install x
```python
"""
print(text, end="")
