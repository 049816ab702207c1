/** An expression for the words of bubblewrap when it failed, and the cure. */
export type Cure = readonly [pattern: RegExp, cure: string];

/** Cures of what a system refuses, whoever makes the jail. */
const CURES: readonly Cure[] = [
  [
    /No permissions to create a? ?new namespace|Creating new namespace failed/i,
    'this system does not allow us to make namespaces. In Docker: security_opt "seccomp=./services/sandbox/seccomp.json", ' +
      'and not as root. On a host: sysctl kernel.unprivileged_userns_clone=1 (Debian) or ' +
      'kernel.apparmor_restrict_unprivileged_userns=0 (Ubuntu), or load services/sandbox/apparmor.profile',
  ],
  [
    /setting up uid map|Failed to make \/ slave|pivot_root/i,
    'the system stops a jail halfway, as AppArmor or the profile of a container does. Load ' +
      'services/sandbox/apparmor.profile and name it (Docker: security_opt "apparmor=toolmesh-sandbox"), with ' +
      '"seccomp=./services/sandbox/seccomp.json", and run the service as an ordinary user',
  ],
];

/** Returns why a trial of bubblewrap failed, after the cure where one is known; those of `own` are tried as well. */
export function explainBwrap(error: unknown, own: readonly Cure[]): string {
  const text = Error.isError(error) ? `${'stderr' in error ? String(error.stderr) : ''}${error.message}` : '';
  const message = /bwrap: .*/.exec(text)?.[0] ?? text.split('\n').at(0) ?? 'no reason was given';
  const cure = [...CURES, ...own].find(([pattern]) => pattern.test(text))?.[1];
  return cure === undefined ? message : `${cure} (${message})`;
}
