# from: agents that search code
# stdout: ^src/a.txt:2:needle here\n$

mkdir src
printf 'hay\nneedle here\n' > src/a.txt
rg --no-heading -n needle src
