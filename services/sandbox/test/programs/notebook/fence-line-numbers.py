# from: tracebacks name the lines that were written
# status: error
# stderr: File "main\.py", line 4, in <module>\n    1 / 0

%matplotlib inline
```python
x = 1
1 / 0
```
