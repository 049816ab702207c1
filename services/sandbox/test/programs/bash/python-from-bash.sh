# from: agents that mix languages (ClickHouse/code-interpreter)
# stdout: ^\[0, 1, 4\]\n$

python3 - <<'PY'
print([i * i for i in range(3)])
PY
