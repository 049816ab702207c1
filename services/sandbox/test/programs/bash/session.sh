# from: a shell keeps its variables, its functions and its folder, as in a terminal
# stdout: ^stored\n$

mkdir -p notes && cd notes
name=world
greet() { echo "hello $name from ${PWD##*/}"; }
echo stored

# === next call
# stdout: ^hello world from notes\n$

greet
