# from: open-webui#29894
# stdout: ^use matplotlib\.pyplot\n$
# artifacts: -

print("use matplotlib.pyplot")
