# from: a model indents the whole block
# result: ^'a\\nb\\n    c'$

    text = """a
b
    c"""
    if True:
        value = text
    value
