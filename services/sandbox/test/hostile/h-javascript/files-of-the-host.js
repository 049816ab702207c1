// The file system is the program's own.
// only: isolate
// expect: success
// stdout: CONTAINED
import fs from 'node:fs';

const paths = ['/etc/passwd', '/etc/shadow', '/proc/self/environ', '/proc/1/environ', '../../../../etc/passwd', '/work/../etc/passwd',
  'file:///etc/passwd', '/proc/self/cwd/package.json', '/tmp', '/root', '/dev/mem', '\0/etc/passwd', '//etc//passwd'];
for (const path of paths) {
  for (const way of [() => fs.readFileSync(path, 'utf8'), () => fs.readdirSync(path), () => fs.statSync(path).size]) {
    try {
      const found = way();
      if (found.length > 0 || found > 0) console.log('ESCAPED to', path, found);
    } catch {}
  }
}
console.log('CONTAINED');
