/** Programs whose children wait until the call is answered, and then take memory and time. */
export const BUSY_BETWEEN_CALLS: readonly (readonly [string, string])[] = [
  [
    'that has left processes behind',
    `
import os, time
try:
    for _ in range(2):
        if os.fork() == 0:
            time.sleep(0.5)
            hoard = bytearray(b"x") * (200 * 2**20)
            while True: pass
except (OSError, AttributeError):
    pass
print("back")
`,
  ],
  [
    'whose processes have themselves woken',
    `
import ctypes, os, signal, struct, time

def wake_me_every_50_ms():
    libc = ctypes.CDLL(None, use_errno=True)
    event = ctypes.create_string_buffer(struct.pack("qii", 0, signal.SIGCONT, 0), 64)
    timer = ctypes.c_void_p()
    libc.timer_create(1, event, ctypes.byref(timer))
    libc.timer_settime(timer, 0, struct.pack("4q", 0, 50_000_000, 0, 50_000_000), None)

try:
    armed, tell = os.pipe()
    for _ in range(2):
        if os.fork() == 0:
            wake_me_every_50_ms()
            os.write(tell, b".")
            time.sleep(0.5)
            hoard = bytearray(b"x") * (200 * 2**20)
            while True: pass
        os.read(armed, 1)
except (OSError, AttributeError):
    pass
print("back")
`,
  ],
];

/** A child that leaves its session and stays. */
export const STAYING = `
import os, time
try:
    if os.fork() == 0:
        os.setsid()
        time.sleep(60)
except (OSError, AttributeError):
    pass
print("back")
`;

/** Programs that attack the machinery that keeps their session. */
export const BREAKING = [
  'import os\nfor fd in range(3, 64):\n  try: os.write(fd, b"....")\n  except OSError: pass',
  'import os\nos.closerange(3, 64)',
  'import os, signal\nos.kill(os.getppid(), signal.SIGSTOP)',
  'import sys\nsys.modules.clear()',
];
