# SPDX-License-Identifier: GPL-3.0-or-later
"""gdb and an annotated image: `afterburn-sites` lists the sites of a function or around an address, with their source lines
and whether they are as the image has them.

`afterburner sites --gdb IMAGE` prints this text with the names of the program and of the image in front of it; give it to
gdb with -x, or save it as IMAGE-gdb.py, which gdb loads by itself where auto-load safe-path allows it.
"""
import fnmatch
import json
import subprocess
import gdb


class AfterburnSites(gdb.Command):
    """afterburn-sites [FUNCTION | *ADDRESS]: list annotated sites.

FUNCTION may be a pattern as the shell has them; *ADDRESS is an expression. Without an argument those of the selected
frame's function. A line is: address, kind, function and offset, instruction, source line, state. The state is `neutral`
where memory holds what the image has, `changed` where it was bound, or written over by the kernel itself."""

    def __init__(self):
        super().__init__("afterburn-sites", gdb.COMMAND_STATUS, gdb.COMPLETE_SYMBOL)
        self.sites = None

    def read(self):
        """The sites as `afterburner sites --json` lists them, read once."""
        if self.sites is None:
            answer = subprocess.run([AFTERBURNER, "sites", "--json", IMAGE], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            if answer.returncode != 0:
                raise gdb.GdbError(answer.stderr.decode(errors="replace").strip())
            self.sites = json.loads(answer.stdout)
        return self.sites

    def selected(self, argument):
        """Which sites are asked for."""
        if argument.startswith("*"):
            address = int(gdb.parse_and_eval(argument[1:])) & 0xFFFFFFFFFFFFFFFF
            return [site for site in self.read() if int(site["address"], 0) <= address < int(site["address"], 0) + site["span"]]
        if not argument:
            function = gdb.selected_frame().function()
            if function is None:
                raise gdb.GdbError("no function here; name one, or give *ADDRESS")
            argument = function.linkage_name
        return [site for site in self.read() if fnmatch.fnmatchcase(site["function"], argument)]

    def state(self, site):
        try:
            memory = gdb.selected_inferior().read_memory(int(site["address"], 0), site["span"])
        except gdb.MemoryError:
            return "not readable"
        return "neutral" if bytes(memory).hex() == site["bytes"] else "changed"

    def invoke(self, argument, from_tty):
        sites = self.selected(argument.strip())
        if not sites:
            print("no site")
        for site in sites:
            address = int(site["address"], 0)
            line = gdb.find_pc_line(address)
            place = "%s:%d" % (line.symtab.filename, line.line) if line.symtab else "-"
            print("%s %-16s %s+0x%x  %s  %s  %s" % (site["address"], site["kind"], site["function"], site["function_offset"],
                                                    site["text"], place, self.state(site)))


AfterburnSites()
