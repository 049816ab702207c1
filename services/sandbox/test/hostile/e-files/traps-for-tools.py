# Files that shells, editors and version control run when somebody opens the folder.
# expect: success
# stdout: done
import os

traps = {".bashrc": "id", ".git/hooks/post-checkout": "#!/bin/sh\nid", ".mcp.json": "{}", ".vscode/tasks.json": "{}",
         ".npmrc": "ignore-scripts=false", "package.json": '{"scripts": {"postinstall": "id"}}', "Makefile": "all:\n\tid",
         ".envrc": "id", "node_modules/x/package.json": "{}", "binding.gyp": "{}"}
for path, content in traps.items():
    os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
    with open(path, "w") as file:
        file.write(content)
print("done")
