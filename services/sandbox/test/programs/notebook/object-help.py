# from: notebook habit (obj?)
# stdout: ^Signature: area\(width, height=1\)\nType:      function\nDocstring:\nReturns the area\.\n$

def area(width, height=1):
    """Returns the area."""
    return width * height

area?
