# from: the jail has no network, also by bash's own sockets
# stdout: ^none\n$

if (exec 3<>/dev/tcp/1.1.1.1/80) 2>/dev/null; then echo open; else echo none; fi
