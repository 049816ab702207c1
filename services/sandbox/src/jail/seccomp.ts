import { ALLOWED, CONDITIONAL, REFUSED, type SyscallTable } from './syscalls.ts';

/**
 * The filter of system calls that is installed before a jailed program's first instruction, as classic BPF for
 * `bwrap --seccomp`. It refuses and never kills: a library that tries a call falls back, a program reads an error.
 * Written down here rather than compiled with libseccomp, so that the sandbox needs nothing but bubblewrap.
 * See seccomp(2), and linux/bpf_common.h and linux/seccomp.h for the numbers.
 */
export function seccompFilter(arch: string): Buffer {
  const machine = MACHINES.get(arch);
  if (machine === undefined) throw new Error(`no filter of system calls for ${arch}: x64 and arm64 have one`);
  const { auditArch, column } = machine;
  const number = (name: keyof typeof CONDITIONAL): number => CONDITIONAL[name][column];
  return assemble([
    load(ARCH),
    // Calls of the 32-bit interface have other numbers: none of them exists here.
    jumpIf('equal', auditArch, [1, 0]),
    answer(errno(ENOSYS)),
    load(NUMBER),
    // The x32 interface: numbers of x86-64 with this bit.
    jumpIf('atLeast', X32_BIT, [0, 1]),
    answer(errno(ENOSYS)),
    // Without a network, only local sockets make sense.
    ...when(number('socket'), argumentEquals(0, AF_UNIX, EPERM)),
    ...when(number('socketpair'), argumentEquals(0, AF_UNIX, EPERM)),
    // New processes and threads, but no new namespace. `clone3` hides its flags in memory and does not exist here.
    ...when(number('clone'), argumentHasNone(0, CLONE_NEW_ANYTHING, EPERM)),
    // Typing into a terminal on another process's behalf.
    ...when(number('ioctl'), argumentIsNot(1, [TIOCSTI, TIOCLINUX], EPERM)),
    ...when(number('personality'), argumentIsOneOf(0, [0, 0xffff_ffff], EPERM)),
    ...decide(rangesOf(ALLOWED, column), ALLOW),
    ...decide(rangesOf(REFUSED, column), errno(EPERM)),
    answer(errno(ENOSYS)),
  ]);
}

interface Machine {
  readonly auditArch: number;
  readonly column: 0 | 1;
}

const MACHINES: ReadonlyMap<string, Machine> = new Map([
  ['x64', { auditArch: 0xc000_003e, column: 0 }],
  ['arm64', { auditArch: 0xc000_00b7, column: 1 }],
]);

const [EPERM, ENOSYS] = [1, 38];
const AF_UNIX = 1;
/** CLONE_NEWTIME, NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID and NEWNET (sched.h). */
const CLONE_NEW_ANYTHING = 0x7e02_0080;
const TIOCSTI = 0x5412;
const TIOCLINUX = 0x541c;
const X32_BIT = 0x4000_0000;

/** Offsets in `struct seccomp_data`. */
const NUMBER = 0;
const ARCH = 4;
const lowHalfOfArgument = (index: number): number => 16 + 8 * index;

const ALLOW = 0x7fff_0000;
const errno = (code: number): number => 0x0005_0000 | code;

/** One instruction of classic BPF: its code and operand, and how many instructions to skip when true and when false. */
interface Instruction {
  readonly code: number;
  readonly value: number;
  readonly ifTrue: number;
  readonly ifFalse: number;
}

const JUMPS = { equal: 0x15, greater: 0x25, atLeast: 0x35, anyBit: 0x45 } as const;

const load = (offset: number): Instruction => ({ code: 0x20, value: offset, ifTrue: 0, ifFalse: 0 });
const answer = (value: number): Instruction => ({ code: 0x06, value, ifTrue: 0, ifFalse: 0 });
/** Skips `ifTrue` instructions when the test holds, else `ifFalse`. */
const jumpIf = (
  test: keyof typeof JUMPS,
  value: number,
  [ifTrue, ifFalse]: readonly [number, number],
): Instruction => ({
  code: JUMPS[test],
  value,
  ifTrue,
  ifFalse,
});

/** `body`, which ends with an answer, for one call; all others go on behind it. */
const when = (call: number, body: readonly Instruction[]): readonly Instruction[] => [
  jumpIf('equal', call, [0, body.length]),
  ...body,
];

function argumentIsOneOf(index: number, values: readonly number[], refusal: number): readonly Instruction[] {
  const tests = values.map((value, i) => jumpIf('equal', value, [values.length - i, 0]));
  return [load(lowHalfOfArgument(index)), ...tests, answer(errno(refusal)), answer(ALLOW)];
}

const argumentEquals = (index: number, value: number, refusal: number) => argumentIsOneOf(index, [value], refusal);

function argumentIsNot(index: number, values: readonly number[], refusal: number): readonly Instruction[] {
  const tests = values.map((value, i) => jumpIf('equal', value, [values.length - i, 0]));
  return [load(lowHalfOfArgument(index)), ...tests, answer(ALLOW), answer(errno(refusal))];
}

const argumentHasNone = (index: number, bits: number, refusal: number): readonly Instruction[] => [
  load(lowHalfOfArgument(index)),
  jumpIf('anyBit', bits, [0, 1]),
  answer(errno(refusal)),
  answer(ALLOW),
];

type Range = readonly [first: number, last: number];

/** The table's numbers as ranges, in order. */
function rangesOf(table: SyscallTable, column: 0 | 1): readonly Range[] {
  const numbers = Object.values(table)
    .flatMap((row) => row[column] ?? [])
    .toSorted((a, b) => a - b);
  return numbers.reduce<Range[]>((ranges, number) => {
    const last = ranges.at(-1);
    if (last !== undefined && number === last[1] + 1) return [...ranges.slice(0, -1), [last[0], number]];
    return [...ranges, [number, number]];
  }, []);
}

const decide = (ranges: readonly Range[], verdict: number): readonly Instruction[] =>
  ranges.flatMap(([first, last]) => [
    jumpIf('atLeast', first, [0, 2]),
    jumpIf('greater', last, [1, 0]),
    answer(verdict),
  ]);

/** `struct sock_filter`: 16 bits of code, two skips of 8 bits, 32 bits of value, in the machine's order (little-endian). */
function assemble(instructions: readonly Instruction[]): Buffer {
  const filter = Buffer.alloc(8 * instructions.length);
  instructions.forEach(({ code, value, ifTrue, ifFalse }, i) => {
    filter.writeUInt16LE(code, 8 * i);
    filter.writeUInt8(ifTrue, 8 * i + 2);
    filter.writeUInt8(ifFalse, 8 * i + 3);
    filter.writeUInt32LE(value >>> 0, 8 * i + 4);
  });
  return filter;
}
