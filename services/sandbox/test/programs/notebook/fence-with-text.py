# from: a model sends its whole answer
# stdout: ^4\n5\n$

Here is the code:

```python
x = 4
print(x)
```

And then:

```python
print(x + 1)
```

This prints 4 and 5.
