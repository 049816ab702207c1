# from: competitive programming
# stdin: 3\n1 2 3\n
# stdout: ^6\n$

n = int(input())
print(sum(map(int, input().split())))
