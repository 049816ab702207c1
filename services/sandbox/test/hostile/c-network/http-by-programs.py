# Programs of the system that know the way.
# expect: success
# stdout: CONTAINED
import subprocess

commands = (
    ["curl", "-sS", "-m", "1", "http://1.1.1.1/"],
    ["wget", "-q", "-T", "1", "-O", "-", "http://1.1.1.1/"],
    ["ping", "-c", "1", "-W", "1", "1.1.1.1"],
    ["bash", "-c", "exec 3<>/dev/tcp/1.1.1.1/80 && echo open"],
    ["perl", "-MIO::Socket::INET", "-e", "print IO::Socket::INET->new(PeerAddr => '1.1.1.1:80', Timeout => 1) ? 1 : ''"],
)
for command in commands:
    try:
        done = subprocess.run(command, capture_output=True, timeout=2)
    except (OSError, subprocess.SubprocessError):
        continue
    if done.returncode == 0 and done.stdout:
        print("ESCAPED by", command[0])
print("CONTAINED")
