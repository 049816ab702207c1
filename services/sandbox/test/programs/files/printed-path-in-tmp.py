# from: programs that save in /tmp and say so
# artifacts: tmp/model.bin

with open("/tmp/model.bin", "wb") as file, open("/tmp/model.bin.part", "wb") as part:
    file.write(b"1")
    part.write(b"2")
print("wrote /tmp/model.bin.")
