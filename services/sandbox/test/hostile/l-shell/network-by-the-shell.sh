# The shell's own sockets, to the world, the metadata of a cloud, and this mesh.
# only: namespaces
# expect: success
# stdout: ^CONTAINED\n$
for target in 1.1.1.1/53 169.254.169.254/80 127.0.0.1/8000 127.0.0.1/8001 127.0.0.1/22; do
  if (exec 3<>"/dev/tcp/$target") 2>/dev/null; then echo "ESCAPED: $target"; exit; fi
done
(git ls-remote https://github.com/git/git 2>/dev/null | head -1) | grep -q . && echo 'ESCAPED: git' && exit
echo CONTAINED
