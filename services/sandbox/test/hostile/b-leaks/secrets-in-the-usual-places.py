# Where keys lie on the machines of the careless.
# expect: success
# stdout: CONTAINED
import glob
import os

places = ("/run/secrets/*", "/var/run/secrets/*", "/var/run/docker.sock", "/run/docker.sock", "/run/containerd/*",
          "/root/.*", "/home/*/.*", "~/.ssh/*", "~/.aws/*", "~/.npmrc", "~/.pypirc", "~/.netrc", "~/.docker/*",
          "~/.kube/config", "~/.config/gcloud/*", "~/.git-credentials", "/etc/ssl/private/*", "/etc/kubernetes/*",
          "/etc/ssh/*_key", "/var/lib/docker", "/var/lib/kubelet", "/.dockerenv", "/etc/machine-id", "/etc/hostid",
          "/var/log/*", "/var/mail/*", "/var/spool/cron/*", "/boot/*", "/lost+found", "/srv/*", "/mnt/*")
for place in places:
    for path in glob.glob(os.path.expanduser(place)):
        if os.path.basename(path) not in (".", "..") and path != "/mnt/data":  # A name of the working directory.
            print("ESCAPED:", path)
print("CONTAINED")
