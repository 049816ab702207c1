# Compiles the program whose path is given, with the files of package main beside it in /work, and becomes it.
set -e
go=/opt/go/ready
folder=/tmp/go-build
mkdir -p "$folder"
set -- "$1" $(ls /work/*.go 2>/dev/null)
# The compiler leaves statistics in its home.
HOME=$folder "$go/compile" -p main -trimpath "${1%/*}" -importcfg "$go/importcfg" -o "$folder/main.a" "$@" >&2
HOME=$folder "$go/link" -importcfg "$go/importcfg" -o "$folder/main" "$folder/main.a" >&2
exec "$folder/main"
