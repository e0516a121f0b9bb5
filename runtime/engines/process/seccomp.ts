/**
 * The filter of system calls, as the classic BPF program that `bwrap --seccomp` takes (struct sock_filter[], native
 * byte order; seccomp(2)). It closes what namespaces leave open: vsock reaches the machine whatever the network
 * namespace, user namespaces open half of the kernel, io_uring makes calls that no filter sees.
 */
const architectures = {
  x64: {
    audit: 0xc000003e,
    socket: 41,
    clone: 56,
    ioctl: 16,
    unshare: 272,
    denied: [
      248,
      249,
      250, // add_key request_key keyctl
      321,
      298,
      323,
      308,
      304, // bpf perf_event_open userfaultfd setns open_by_handle_at
      165,
      166,
      155, // mount umount2 pivot_root
      246,
      320,
      175,
      313,
      176, // kexec_load kexec_file_load init_module finit_module delete_module
      179,
      167,
      168,
      169,
      163, // quotactl swapon swapoff reboot acct
      103, // syslog: the kernel's log names the processes of all
    ],
  },
  arm64: {
    audit: 0xc00000b7,
    socket: 198,
    clone: 220,
    ioctl: 29,
    unshare: 97,
    denied: [217, 218, 219, 280, 241, 282, 268, 265, 40, 39, 41, 104, 294, 105, 273, 106, 60, 224, 225, 142, 89, 116],
  },
} as const

/** Same numbers on every architecture: io_uring_*, open_tree … fspick, clone3, mount_setattr. */
const absent = [425, 426, 427, 428, 429, 430, 431, 432, 433, 435, 442]

const EPERM = 1
const ENOSYS = 38
const EAFNOSUPPORT = 97
const AF_ALG = 38
const AF_VSOCK = 40
const CLONE_NEWUSER = 0x10000000
const TIOCSTI = 0x5412
const TIOCLINUX = 0x541c
const X32_BIT = 0x40000000

// linux/bpf_common.h
const LOAD = 0x20
const JUMP_EQUAL = 0x15
const JUMP_AT_LEAST = 0x35
const JUMP_ANY_BIT = 0x45
const RETURN = 0x06
const ALLOW = 0x7fff0000
const errno = (code: number) => 0x00050000 | code

// struct seccomp_data: nr, arch, instruction pointer, then the arguments, 8 bytes each, low half first.
const NUMBER = 0
const ARCH = 4
const argument = (index: number) => 16 + 8 * index

type Instruction = [code: number, whenTrue: number, whenFalse: number, value: number]

/** Undefined where the numbers of this processor are not known. */
export function seccompProgram(arch: string = process.arch): Buffer | undefined {
  if (arch !== 'x64' && arch !== 'arm64') return undefined
  const { audit, socket, clone, ioctl, unshare, denied } = architectures[arch]

  const program: Instruction[] = [
    [LOAD, 0, 0, ARCH],
    [JUMP_EQUAL, 1, 0, audit],
    [RETURN, 0, 0, errno(ENOSYS)],
    [LOAD, 0, 0, NUMBER],
    [JUMP_AT_LEAST, 0, 1, X32_BIT],
    [RETURN, 0, 0, errno(ENOSYS)],
  ]
  for (const number of denied) program.push([JUMP_EQUAL, 0, 1, number], [RETURN, 0, 0, errno(EPERM)])
  // "Not there" rather than "not allowed": libc and Node then take the older call.
  for (const number of absent) program.push([JUMP_EQUAL, 0, 1, number], [RETURN, 0, 0, errno(ENOSYS)])

  program.push(
    ...whenArgument(socket, 0, [
      [AF_VSOCK, EAFNOSUPPORT],
      [AF_ALG, EAFNOSUPPORT],
    ]),
    ...whenArgument(ioctl, 1, [
      [TIOCSTI, EPERM],
      [TIOCLINUX, EPERM],
    ]),
    ...whenBit(clone, CLONE_NEWUSER),
    ...whenBit(unshare, CLONE_NEWUSER),
    [RETURN, 0, 0, ALLOW],
  )

  const bytes = Buffer.alloc(program.length * 8)
  program.forEach(([code, whenTrue, whenFalse, value], index) => {
    bytes.writeUInt16LE(code, index * 8)
    bytes.writeUInt8(whenTrue, index * 8 + 2)
    bytes.writeUInt8(whenFalse, index * 8 + 3)
    bytes.writeUInt32LE(value >>> 0, index * 8 + 4)
  })
  return bytes
}

function whenArgument(number: number, index: number, cases: [value: number, code: number][]): Instruction[] {
  const body = cases.flatMap<Instruction>(([value, code]) => [
    [JUMP_EQUAL, 0, 1, value],
    [RETURN, 0, 0, errno(code)],
  ])
  return [[JUMP_EQUAL, 0, body.length + 2, number], [LOAD, 0, 0, argument(index)], ...body, [RETURN, 0, 0, ALLOW]]
}

function whenBit(number: number, bit: number): Instruction[] {
  return [
    [JUMP_EQUAL, 0, 4, number],
    [LOAD, 0, 0, argument(0)],
    [JUMP_ANY_BIT, 0, 1, bit],
    [RETURN, 0, 0, errno(EPERM)],
    [RETURN, 0, 0, ALLOW],
  ]
}
