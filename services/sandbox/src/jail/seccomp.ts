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
    // What files, pipes and terminals need: all else is a driver's, or types on another process's behalf.
    ...when(number('ioctl'), argumentIsOneOf(1, IOCTLS, ENOTTY)),
    // Leases and news of directories tell of the other jails, with which the files are shared.
    ...when(number('fcntl'), argumentIsNot(1, [F_SETLEASE, F_NOTIFY], EPERM)),
    ...when(number('setsockopt'), socketOption()),
    // Tells what others have read lately: it answers for pages that are in memory alone.
    ...when(number('preadv2'), argumentHasNone(5, RWF_NOWAIT, EOPNOTSUPP)),
    ...when(number('personality'), argumentIsOneOf(0, [0, 0xffff_ffff], EPERM)),
    ...withoutTheFirstProcess(number),
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

const [EPERM, ENOTTY, ENOSYS, EOPNOTSUPP] = [1, 25, 38, 95];
const AF_UNIX = 1;
/** CLONE_NEWTIME, NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID and NEWNET (sched.h). */
const CLONE_NEW_ANYTHING = 0x7e02_0080;
/** From fcntl.h, linux/fs.h and sys/resource.h. */
const [F_SETLEASE, F_NOTIFY, RWF_NOWAIT, PRIO_USER] = [1_024, 1_026, 8, 2];
/** From asm/ioctls.h, asm-generic/ioctls.h and linux/fs.h. */
const IOCTLS = [
  // TCGETS, TCSETS, TCSETSW and TCSETSF, and the same of termios2.
  [0x5401, 0x5402, 0x5403, 0x5404, 0x802c_542a, 0x402c_542b, 0x402c_542c, 0x402c_542d],
  // TCSBRK, TCXONC, TCFLSH, TIOCSCTTY, TIOCGPGRP, TIOCSPGRP, TIOCOUTQ, TIOCGWINSZ, TIOCSWINSZ, TIOCNOTTY, TCSBRKP, TIOCGSID.
  [0x5409, 0x540a, 0x540b, 0x540e, 0x540f, 0x5410, 0x5411, 0x5413, 0x5414, 0x5422, 0x5425, 0x5429],
  // TIOCGPTN, TIOCSPTLCK and TIOCGPTPEER: pseudoterminals.
  [0x8004_5430, 0x4004_5431, 0x5441],
  // FIONREAD, FIONBIO, FIONCLEX, FIOCLEX, FIOASYNC, FIOQSIZE, FICLONE, FICLONERANGE.
  [0x541b, 0x5421, 0x5450, 0x5451, 0x5452, 0x5460, 0x4004_9409, 0x4020_940d],
].flat();
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

const SOL_SOCKET = 1;
/** SO_ATTACH_FILTER, SO_ATTACH_BPF, SO_ATTACH_REUSEPORT_CBPF and SO_ATTACH_REUSEPORT_EBPF: programs for the kernel. */
const SOCKET_PROGRAMS = [26, 50, 51, 52];
/** SO_SNDBUF and SO_RCVBUF: memory that is counted as if every socket had the usual size. They are hints to the kernel. */
const SOCKET_SIZES = [7, 8];

/** Refuses programs of a socket; a size for its buffers seems to be taken, and changes nothing. */
function socketOption(): readonly Instruction[] {
  const tests = [
    ...SOCKET_PROGRAMS.map((value) => ({ value, verdict: errno(EPERM) })),
    ...SOCKET_SIZES.map((value) => ({ value, verdict: errno(0) })),
  ].flatMap(({ value, verdict }) => [jumpIf('equal', value, [0, 1]), answer(verdict)]);
  return [
    load(lowHalfOfArgument(1)),
    jumpIf('equal', SOL_SOCKET, [1, 0]),
    answer(ALLOW),
    load(lowHalfOfArgument(2)),
    ...tests,
    answer(ALLOW),
  ];
}

/** The first process of a jail supervises the program, which may be its user: its limits and its turn are not to change. */
function withoutTheFirstProcess(number: (name: keyof typeof CONDITIONAL) => number): readonly Instruction[] {
  const byNumber = ['prlimit64', 'sched_setaffinity', 'sched_setparam', 'sched_setscheduler', 'sched_setattr'] as const;
  return [
    ...byNumber.flatMap((name) => when(number(name), argumentIsNot(0, [1], EPERM))),
    ...when(number('setpriority'), [
      load(lowHalfOfArgument(0)),
      // All processes of a user.
      jumpIf('equal', PRIO_USER, [0, 1]),
      answer(errno(EPERM)),
      ...argumentIsNot(1, [1], EPERM),
    ]),
  ];
}

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
