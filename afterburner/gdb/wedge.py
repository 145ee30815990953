# SPDX-License-Identifier: GPL-3.0-or-later
"""gdb and a guest with a wedge: `wedge-state` prints the virtual CPU, and backtraces go from the wedge on into the guest.

    gdb GUEST -ex 'add-symbol-file WEDGE.elf' -x wedge.py -ex 'target remote ...'

GUEST is the kernel, or the image that `afterburner link` made of it, WEDGE.elf the wedge that was linked.

What a frame of the wedge returns to is not on a stack: the way in keeps the guest's registers in the virtual CPU's page and
goes on with a stack of its own (hypervisor-backends/*/entry.S). So the unwinder takes them from there; in a stub, which has
changed nothing but RSP, the site is found by the number that the stub pushes. While the entry code itself runs, what it has not
saved yet is that of the time before.
"""
import gdb
from gdb.unwinder import Unwinder

WINDOW = 0xFFFFFFFF7F800000  # afterburn/window.h
WINDOW_SIZE = 0x800000
ALIAS = 0xFFFFFFFFFF800000
# A stub of afterburner/link/place-xen.c: the first bytes of its instructions, and where they are in it.
STUB = {b"\x48\x89": 0, b"\x48\x8d": 7, b"\x68": 14, b"\xe9": 19}
STUB_NUMBER = 15

REGISTERS = ["rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi"] + ["r%d" % n for n in range(8, 16)]
SEGMENTS = ["es", "cs", "ss", "ds", "fs", "gs"]


def vcpu():
    """The virtual CPU; a gdb.Value of struct vcpu."""
    return gdb.parse_and_eval("vcpu_page")


def number(value):
    return int(value) & 0xFFFFFFFFFFFFFFFF


def symbol_at(address):
    text = gdb.execute("info symbol 0x%x" % address, to_string=True)
    return "" if text.startswith("No symbol") else " <%s>" % text.split(" in section")[0].replace(" ", "")


def in_window(address):
    return WINDOW <= address < WINDOW + WINDOW_SIZE or address >= ALIAS


class WedgeState(gdb.Command):
    """wedge-state: print the virtual CPU that the guest sees."""

    def __init__(self):
        super().__init__("wedge-state", gdb.COMMAND_STATUS)

    def invoke(self, argument, from_tty):
        cpu = vcpu()
        rip = number(cpu["rip"])
        print("rip %016x%s" % (rip, symbol_at(rip)))
        print("rflags %08x, %s mode, %d bits" % (number(cpu["rflags"]), "user" if cpu["user"] else "kernel", int(cpu["bits"])))
        for row in range(0, 16, 4):
            print("  ".join("%3s %016x" % (REGISTERS[i], number(cpu["gpr"][i])) for i in range(row, row + 4)))
        print("  ".join("cr%d %x" % (n, number(cpu["cr%d" % n])) for n in (0, 2, 3, 4, 8)) + "  efer %x" % number(cpu["efer"]))
        print("  ".join("%s %04x" % (SEGMENTS[i], number(cpu["selectors"][i])) for i in range(6)))
        print("  ".join("%s %016x" % (n, number(cpu[n])) for n in ("fs_base", "gs_base", "kernel_gs_base")))
        for name in ("gdt", "idt", "ldt", "task"):
            table = cpu[name]
            print("%-4s base %016x limit %x selector %x" % (name, number(table["base"]), number(table["limit"]), number(table["selector"])))
        site = cpu["site"]
        print("at a site: %s" % ("kind %d" % int(site["kind"]) if number(site) else "no"))
        print("halted %d, interrupts wait for the end of a shadow %d" % (int(cpu["halted"]), int(cpu["shadow"])))


def stub_registers(frame, pc):
    """What changes by going from a stub back to its site; None when there is no stub."""
    memory = gdb.selected_inferior().read_memory
    code = bytes(memory(pc, 2))
    offset = next((place for start, place in STUB.items() if code.startswith(start)), None)
    if offset is None:
        return None
    index = int.from_bytes(bytes(memory(pc - offset + STUB_NUMBER, 4)), "little")
    header = gdb.parse_and_eval("wedge_image")
    if index >= number(header["site_count"]):
        return None
    sites = gdb.Value(number(header["sites"])).cast(gdb.lookup_type("struct wedge_site").pointer())
    physical = number(sites[index]["physical_address"])
    rsp = number(frame.read_register("rsp")) if offset == 0 else number(gdb.parse_and_eval("*(unsigned long *)&wedge_stub_rsp"))
    for i in range(int(header["segment_count"])):
        segment = header["segments"][i]
        start = number(segment["physical_address"])
        if start <= physical < start + number(segment["size"]):
            return {"rip": number(segment["virtual_address"]) + physical - start, "rsp": rsp}
    return None


class FrameId:
    def __init__(self, sp, pc):
        self.sp = sp
        self.pc = pc


class GuestUnwinder(Unwinder):
    """From the wedge's way in to the guest."""

    def __init__(self):
        super().__init__("wedge")

    def __call__(self, frame):
        pc = number(frame.read_register("rip"))
        if not in_window(pc):
            return None
        symtab = gdb.find_pc_line(pc).symtab
        if symtab and symtab.filename.endswith(".c"):
            return None  # has debug information
        if symtab:
            cpu = vcpu()
            registers = {name: number(cpu["gpr"][i]) for i, name in enumerate(REGISTERS)}
            registers["rip"] = number(cpu["rip"])
        else:
            registers = {name: number(frame.read_register(name)) for name in REGISTERS}
            changed = stub_registers(frame, pc)
            if not changed:
                return None
            registers.update(changed)
        info = frame.create_unwind_info(FrameId(frame.read_register("rsp"), frame.read_register("rip")))
        for name, value in registers.items():
            info.add_saved_register(name, gdb.Value(value).cast(gdb.lookup_type("unsigned long")))
        return info


WedgeState()
gdb.unwinder.register_unwinder(None, GuestUnwinder(), replace=True)
