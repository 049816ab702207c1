// from: a REPL shows the value of the last expression
// result: ^\[ 1, 4, 9 \]$

[1, 2, 3].map((n) => n * n);
