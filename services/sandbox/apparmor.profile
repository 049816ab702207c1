# AppArmor for the sandbox's container: what Docker's own profile says, and leave for bubblewrap to make a jail.
#
# NOT RUN where it was written, which has no AppArmor: only the parser (4.1) has read it.
#
# A host needs it whose AppArmor keeps containers from mounting ("bwrap: Failed to make / slave: Permission denied") or
# users from having namespaces ("bwrap: setting up uid map: Permission denied"): Ubuntu 23.10 and later. There, once:
#
#   sudo install -m 644 services/sandbox/apparmor.profile /etc/apparmor.d/toolmesh-sandbox
#   sudo apparmor_parser --replace /etc/apparmor.d/toolmesh-sandbox
#
# and in docker-compose.yml, for the service `sandbox`:
#
#   security_opt:
#     - no-new-privileges:true
#     - seccomp=./services/sandbox/seccomp.json
#     - apparmor=toolmesh-sandbox
#
# AppArmor before 4.0 (Debian 12, Ubuntu 22.04) knows no rule for namespaces and restricts none: leave out the lines
# with `abi` and `userns` there.

abi <abi/4.0>,
include <tunables/global>

profile toolmesh-sandbox flags=(attach_disconnected,mediate_deleted) {
  # What bubblewrap does, in a namespace of its own; that this gives no power over the host is the kernel's part. The
  # container's system calls are limited by seccomp.json, what a jailed program may call by the jail's own filter.
  userns,
  mount,
  remount,
  umount,
  pivot_root,

  # As in Docker's own: files by their permissions, and nothing of the kernel's that is not the container's.
  file,
  capability,
  network,
  unix,

  deny @{PROC}/* w,
  deny @{PROC}/sys/** w,
  deny @{PROC}/kcore rwklx,
  deny @{PROC}/sysrq-trigger rwklx,
  deny /sys/[^f]*/** wklx,
  deny /sys/f[^s]*/** wklx,
  deny /sys/fs/[^c]*/** wklx,
  deny /sys/fs/c[^g]*/** wklx,
  deny /sys/fs/cg[^r]*/** wklx,
  deny /sys/firmware/** rwklx,
  deny /sys/devices/virtual/powercap/** rwklx,
  deny /sys/kernel/security/** rwklx,

  # The engine ends the container; its processes end one another, and look at one another's memory in /proc.
  signal (receive) peer=unconfined,
  signal (receive) peer=runc,
  signal (receive) peer=crun,
  signal (receive) peer=docker,
  signal (receive) peer=dockerd,
  signal (send, receive) peer=toolmesh-sandbox,
  ptrace (read, readby, trace, tracedby) peer=toolmesh-sandbox,
}
