import { rmSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { startServiceProcess } from '@toolmesh/shared/test-kit/service-process';
import { cacheFor, contentOf, MAIN, PYTHON_LEVELS, type Sandbox, startSandbox, USERS } from './sandbox.ts';

const users = PYTHON_LEVELS.includes('namespaces') ? USERS : [];

describe.each(users)('Python in namespaces, the service being run by %s:', (_name, user) => {
  const cache = cacheFor(user);
  let sandbox: Sandbox;
  const run = (program: object) => sandbox.run(program);
  const resultOf = async (code: string) => (await run({ code })).result;
  beforeAll(async () => {
    sandbox = await startSandbox({ SANDBOX_ISOLATION: 'namespaces', SANDBOX_CACHE_DIR: cache }, user);
  }, 240_000);
  afterAll(async () => {
    await sandbox.stop();
    rmSync(cache, { recursive: true, force: true });
  });

  describe('a program', () => {
    const works: [string, string, string][] = [
      [
        'runs subprocesses',
        'import subprocess; subprocess.run("echo hi | tr h H", shell=True, capture_output=True).stdout',
        "b'Hi\\n'",
      ],
      [
        'runs Python again',
        'import subprocess, sys; subprocess.run([sys.executable, "-c", "print(6 * 7)"], capture_output=True, text=True).stdout',
        "'42\\n'",
      ],
      [
        'has threads',
        'import threading\nseen = []\nthreads = [threading.Thread(target=seen.append, args=(i,)) for i in range(4)]\n[t.start() for t in threads], [t.join() for t in threads]\nsorted(seen)',
        '[0, 1, 2, 3]',
      ],
      [
        'has processes',
        'from multiprocessing import Pool\nwith Pool(3) as pool: squares = pool.map(abs, [-1, -2, -3])\nsquares',
        '[1, 2, 3]',
      ],
      [
        'has executors',
        'from concurrent.futures import ProcessPoolExecutor\nwith ProcessPoolExecutor(2) as pool: squares = list(pool.map(abs, [-1, -2]))\nsquares',
        '[1, 2]',
      ],
      [
        'has sqlite3, ssl and ctypes',
        'import ctypes, sqlite3, ssl; sqlite3.connect(":memory:").execute("select 40 + 2").fetchone()',
        '(42,)',
      ],
      [
        'has asyncio with subprocesses',
        'import asyncio\nprocess = await asyncio.create_subprocess_exec("echo", "hi", stdout=-1)\n(await process.communicate())[0]',
        "b'hi\\n'",
      ],
      ['talks to itself over a socket', 'import socket; a, b = socket.socketpair(); a.send(b"x"); b.recv(1)', "b'x'"],
      [
        'finds its streams open, and the way to its supervisor',
        'import os\ndef is_open(fd):\n    try: return bool(os.fstat(fd))\n    except OSError: return False\n[fd for fd in range(1024) if is_open(fd)]',
        '[0, 1, 2, 16]',
      ],
      ['has time zones', 'from zoneinfo import ZoneInfo; ZoneInfo("Europe/Paris").key', "'Europe/Paris'"],
      ['has exit and quit', 'callable(exit) and callable(quit)', 'True'],
      [
        'waits for its threads',
        'import threading, time\nt = threading.Thread(target=lambda: (time.sleep(0.1), print("late")))\nt.start()\nt.is_alive()',
        'True',
      ],
    ];
    test.each(works)('%s', async (_title, code, result) => {
      expect(await run({ code })).toMatchObject({ status: 'success', result });
    });

    const refused: [string, string][] = [
      ['a network', 'import socket; socket.socket(socket.AF_INET)'],
      ['raw packets', 'import socket; socket.socket(socket.AF_PACKET, socket.SOCK_RAW)'],
      ['the kernel’s crypto', 'import socket; socket.socket(38, socket.SOCK_SEQPACKET)'],
      ['netlink', 'import socket; socket.socket(socket.AF_NETLINK, socket.SOCK_RAW)'],
      ['to write to the system', 'open("/usr/bin/x", "w")'],
      ['to write to the root', 'open("/x", "w")'],
      ['to write to devices', 'open("/dev/x", "w")'],
      ['to become root', 'import os; os.setuid(0)'],
      ['another root directory', 'import os; os.chroot("/tmp")'],
      ['a device', 'import os, stat; os.mknod("/tmp/d", stat.S_IFCHR | 0o666, os.makedev(1, 1))'],
      ['a larger file than its limit', 'open("/tmp/x", "wb").write(bytes(70 * 2 ** 20))'],
      ['a higher limit', 'import resource; resource.setrlimit(resource.RLIMIT_NPROC, (10 ** 6, 10 ** 6))'],
    ];
    test.each(refused)('is refused %s', async (_title, code) => {
      expect(await run({ code })).toMatchObject({
        status: 'error',
        error: { type: expect.stringMatching(/^(OSError|PermissionError|ValueError)$/) },
      });
    });

    test('sees no other process, no file of the host, no environment', async () => {
      const code =
        'import os; os.listdir("/proc"), sorted(os.listdir("/")), [k for k in os.environ if "CANARY" in k], os.getpid() < 10';
      const places =
        "['bin', 'content', 'dev', 'home', 'lib', 'lib64', 'mnt', 'opt', 'proc', 'tmp', 'usr', 'work', 'workspace']";
      expect(await resultOf(code)).toBe(`([], ${places}, [], True)`);
    });

    test('finds no program that gives more rights', async () => {
      const code =
        'import os, stat\n[p for d in ("/usr/bin", "/opt") for r, _, f in os.walk(d) for p in (os.path.join(r, n) for n in f) if os.lstat(p).st_mode & (stat.S_ISUID | stat.S_ISGID)]';
      expect(await resultOf(code)).toBe('[]');
    });

    // Each system call, by number, on x86-64: what it answers is in errno.
    test('makes no namespace, no mount, no trace, and reaches no rare part of the kernel', async () => {
      const calls = {
        unshare: 272,
        setns: 308,
        mount: 165,
        umount2: 166,
        pivot_root: 155,
        ptrace: 101,
        process_vm_readv: 310,
        bpf: 321,
        perf_event_open: 298,
        userfaultfd: 323,
        keyctl: 250,
        add_key: 248,
        kexec_load: 246,
        init_module: 175,
        open_by_handle_at: 304,
        fsopen: 430,
        move_mount: 429,
        open_tree: 428,
        mount_setattr: 442,
        io_uring_setup: 425,
        swapon: 167,
        reboot: 169,
        acct: 163,
        syslog: 103,
        memfd_secret: 447,
        pidfd_getfd: 438,
        fanotify_init: 300,
        mq_open: 240,
      };
      const code = `import ctypes, errno\nlibc = ctypes.CDLL(None, use_errno=True)\ndef call(n):\n    ctypes.set_errno(0)\n    r = libc.syscall(n, 0x10000000, 0, 0, 0, 0, 0)\n    return errno.errorcode.get(ctypes.get_errno()) if r == -1 else "ALLOWED"\nimport json\njson.dumps({name: call(n) for name, n in ${JSON.stringify(calls)}.items()})`;
      if (process.arch !== 'x64') return;
      const answers: Record<string, string> = JSON.parse(String(await resultOf(code)).slice(1, -1));
      expect(answers).toEqual(Object.fromEntries(Object.keys(calls).map((name) => [name, 'EPERM'])));
    });

    test('has no calls of other interfaces, and clone3 does not exist for it', async () => {
      const code =
        'import ctypes, errno\nlibc = ctypes.CDLL(None, use_errno=True)\ndef call(n):\n    libc.syscall(n, 0, 0)\n    return errno.errorcode[ctypes.get_errno()]\n[call(n) for n in (0x40000000 + 39, 435, 9999)]';
      expect(await resultOf(code)).toBe("['ENOSYS', 'ENOSYS', 'ENOSYS']");
    });
  });

  test('a fork bomb gets no further than its limit, and leaves nothing', async () => {
    const code =
      'import os, time\nchildren = 0\ntry:\n    while True:\n        if os.fork() == 0: time.sleep(60)\n        children += 1\nexcept BlockingIOError as error: print(children < 144, error.errno)';
    expect(await run({ code, timeout_ms: 30_000 })).toMatchObject({ status: 'success', stdout: 'True 11\n' });
    expect(await resultOf('1')).toBe('1');
  });

  test('daemons die with the program that has left them', async () => {
    const code =
      'import os, signal, time\nif os.fork() == 0:\n    os.setsid(); signal.signal(signal.SIGTERM, signal.SIG_IGN)\n    if os.fork() == 0: time.sleep(60)\n    os._exit(0)\n"left"';
    expect(await run({ code })).toMatchObject({ status: 'success', result: "'left'" });
  });

  test('memory is counted over all processes', async () => {
    const code =
      'import os, time\nfor _ in range(20):\n    if os.fork() == 0:\n        block = b"x" * (20 * 2 ** 20); time.sleep(30)\ntime.sleep(30)';
    const result = await run({ code, memory_mb: 128, timeout_ms: 60_000 });
    expect(result).toMatchObject({ status: 'out_of_memory', signal: 'SIGKILL' });
  });

  const signals: [string, object][] = [
    ['import os; os.kill(os.getpid(), 9)', { status: 'killed', signal: 'SIGKILL', exit_code: null }],
    ['import ctypes; ctypes.string_at(0)', { status: 'killed', signal: 'SIGSEGV', error: { type: 'Signal' } }],
    // Its supervisor is the first process of the jail, which no signal from inside reaches.
    ['import os; os.kill(os.getppid(), 9); "alive"', { status: 'success', result: "'alive'" }],
    ['import os; os.kill(-1, 9)', { status: 'error', error: { type: 'ProcessLookupError' } }],
    ['import os; os._exit(0)', { status: 'success', exit_code: 0, error: null }],
    ['import os; os.kill(os.getppid(), 19)\nwhile True: pass', { status: 'timeout' }],
  ];
  test.each(signals)('%s ends as it should', async (code, expected) => {
    expect(await run({ code, timeout_ms: 1_000 })).toMatchObject(expected);
  });

  test('keeps the files of a program that crashes', async () => {
    const { artifacts } = await run({ code: 'open("log.txt", "w").write("so far")\nimport os; os.abort()' });
    expect(artifacts).toMatchObject([{ path: 'log.txt' }]);
    expect(contentOf(artifacts[0])).toBe('so far');
  });

  test('returns regular files only, by names that can be shown', async () => {
    const code =
      'import os\nos.symlink("/etc/passwd", "link")\nos.symlink("/", "root")\nos.makedirs("a/" * 50)\nopen(b"\\xff.txt", "w").write("x")\nimport socket; socket.socket(socket.AF_UNIX).bind("socket")';
    const { artifacts } = await run({ code });
    expect(artifacts.map(({ path }: { path: string }) => path)).toEqual(['\uFFFD.txt']);
  });

  test('reports time and memory of the whole program', async () => {
    const { cpu_ms, peak_memory_bytes } = await run({
      code: 'import subprocess, sys\nblock = b"x" * (100 * 2 ** 20)\nsubprocess.run([sys.executable, "-c", "sum(range(10 ** 7))"])',
    });
    expect(cpu_ms).toBeGreaterThan(100);
    expect(peak_memory_bytes).toBeGreaterThan(90 * 2 ** 20);
    expect(peak_memory_bytes).toBeLessThan(200 * 2 ** 20);
  });
});

describe('a demanded level that cannot be had', () => {
  test.each([
    [{ SANDBOX_BWRAP: '/nowhere/bwrap' }, /bubblewrap is not installed.*apt-get install bubblewrap/s],
    [{ SANDBOX_PYTHON: '/nowhere/python3' }, /no usable Python 3\.9 or later at \/nowhere\/python3.*SANDBOX_PYTHON/s],
  ])('stops the start with the reason and the cure: %p', async (env, reason) => {
    if (users.length === 0 && 'SANDBOX_PYTHON' in env) return;
    const failure = await startServiceProcess(MAIN, { SANDBOX_ISOLATION: 'namespaces', ...env }).catch(
      (error: unknown) => error,
    );
    expect(failure).toMatchObject({ code: 78, message: expect.stringMatching(reason) });
  });
});
