# Links to one another, to themselves and to the folder that they are in.
# expect: success
# artifacts: -
import os

os.symlink("hostile-b", "hostile-a")
os.symlink("hostile-a", "hostile-b")
os.symlink("hostile-self", "hostile-self")
os.mkdir("hostile-folder")
os.symlink(".", "hostile-folder/hostile-here")
os.symlink("..", "hostile-folder/hostile-above")
