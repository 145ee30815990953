# SPDX-License-Identifier: GPL-3.0-or-later
"""For gdb on a kernel that has not run yet: at a site, one instruction later (its pad is before it or there), and behind it, what
a debugger shows.

The environment's STOPS_AT is the site's address, its span, and how many times it is
to be passed before. Prints one line of JSON: a list of three stops, each with pc (from the site's start), file and line,
frames (functions from the innermost one that is not inlined), values (of arguments and variables of that one and of what is
inlined there, as far as they have some), and a, the accumulator."""
import json
import os
import gdb


def frames():
    names, frame = [], gdb.newest_frame()
    while frame is not None:
        if frame.type() != gdb.INLINE_FRAME:
            names.append(frame.name())
        frame = frame.older()
    return names


def add_values(found, frame):
    try:
        block = frame.block()
    except RuntimeError:  # no debug information there
        return
    while block is not None:
        for symbol in block:
            if (symbol.is_argument or symbol.is_variable) and symbol.name not in found:
                value = symbol.value(frame) if symbol.needs_frame else symbol.value()
                if not value.is_optimized_out:
                    found[symbol.name] = value.format_string(max_elements=32, max_depth=1)
        if block.function is not None:
            return
        block = block.superblock


def values():
    found, frame = {}, gdb.newest_frame()
    add_values(found, frame)
    while frame.type() == gdb.INLINE_FRAME:
        frame = frame.older()
        add_values(found, frame)
    return found


def look(start):
    place = gdb.newest_frame().find_sal()
    return {
        "pc": gdb.newest_frame().pc() - start,
        "file": place.symtab.filename if place.symtab else None,
        "line": place.line,
        "frames": frames(),
        "values": values(),
        "a": int(gdb.parse_and_eval("$eax")) & 0xFFFFFFFF,
    }


def main():
    start, span, passes = (int(word, 0) for word in os.environ["STOPS_AT"].split())
    site = gdb.Breakpoint("*%#x" % start, type=gdb.BP_HARDWARE_BREAKPOINT)
    site.ignore_count = passes
    gdb.execute("continue", to_string=True)
    stops = [look(start)]
    site.delete()
    gdb.execute("stepi", to_string=True)
    stops.append(look(start))
    if gdb.newest_frame().pc() != start + span:
        gdb.Breakpoint("*%#x" % (start + span), type=gdb.BP_HARDWARE_BREAKPOINT, temporary=True)
        gdb.execute("continue", to_string=True)
    stops.append(look(start))
    print(json.dumps(stops))


main()
