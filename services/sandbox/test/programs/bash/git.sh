# from: agents that keep their work in a repository
# stdout: Add a note.*1 file changed

git init -q project && cd project
echo one > note.txt
git add note.txt
git commit -q -m 'Add a note'
git log --oneline --stat
