# from: vndee/llm-sandbox#139
# file names.txt: b\na\nb\n
# stdout: ^ +1 a\n +2 b\n$

sort names.txt | uniq -c
