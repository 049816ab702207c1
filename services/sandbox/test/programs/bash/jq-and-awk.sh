# from: one-liners over data (llm-sandbox#139)
# stdin: [{"name":"ada","n":3},{"name":"bob","n":4}]
# stdout: ^ada 3\nbob 4\n7\n$

jq -r '.[] | "\(.name) \(.n)"' | tee rows.txt
awk '{ sum += $2 } END { print sum }' rows.txt
