# Uploaded files far down, beside one that the program makes in the same folders.
# expect: success
# artifacts: a/b/c/d/e/f/g/made.txt
# file a/b/c/d/e/f/g/given.txt: given
with open("a/b/c/d/e/f/g/made.txt", "w") as file:
    file.write(open("a/b/c/d/e/f/g/given.txt").read())
