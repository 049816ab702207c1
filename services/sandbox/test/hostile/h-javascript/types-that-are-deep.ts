// Types that a checker would follow for hours; here they are only taken out.
// expect: success
// stdout: done
type Deep<N extends number, T extends unknown[] = []> = T['length'] extends N ? T : Deep<N, [...T, [T, T, T]]>;
type Words = `${'a' | 'b' | 'c'}${'a' | 'b' | 'c'}${'a' | 'b' | 'c'}${'a' | 'b' | 'c'}${'a' | 'b' | 'c'}`;
const x: Deep<999> | Words | undefined = undefined;
console.log('done', x);
