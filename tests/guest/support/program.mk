# SPDX-License-Identifier: BSD-2-Clause
# make -f support/program.mk PROGRAM=NAME O=DIR [CC=...]: builds DIR/NAME.elf from the sources in NAME/ and in support/.

HERE    := $(dir $(abspath $(lastword $(MAKEFILE_LIST))))
SOURCE  := $(HERE)../$(PROGRAM)
O       ?= build
CC      := $(if $(filter default,$(origin CC)),gcc,$(CC))
LD      := $(if $(filter default,$(origin LD)),ld,$(LD))
CFLAGS  ?= -O2 -g

ELF     := $(O)/$(PROGRAM).elf
LIBRARY := boot entry console trap paging user machine segments
SOURCES := $(basename $(notdir $(wildcard $(SOURCE)/*.c $(SOURCE)/*.S)))
OBJECTS := $(addprefix $(O)/support-,$(addsuffix .o,$(LIBRARY))) $(addprefix $(O)/,$(addsuffix .o,$(SOURCES)))

FLAGS   := -m64 -std=gnu11 -ffreestanding -fno-pic -mno-red-zone -mgeneral-regs-only -mcmodel=kernel \
           -fno-stack-protector -fno-asynchronous-unwind-tables -fcf-protection=none -fno-common \
           -Wall -Wextra -Werror -I$(HERE) -I$(HERE)../../../afterburner/include -ffile-prefix-map=$(dir $(abspath $(SOURCE)))=

$(ELF): $(OBJECTS) $(O)/guest.lds
	$(LD) -m elf_x86_64 -static -nostdlib -z max-page-size=0x1000 -z noexecstack --build-id=sha1 \
	    -T $(O)/guest.lds -o $@ $(OBJECTS)

$(O)/support-%.o: $(HERE)%.c $(wildcard $(HERE)*.h) | $(O)
	$(CC) $(CFLAGS) $(FLAGS) -c -o $@ $<
$(O)/support-%.o: $(HERE)%.S $(wildcard $(HERE)*.h) | $(O)
	$(CC) $(CFLAGS) $(FLAGS) -c -o $@ $<
$(O)/%.o: $(SOURCE)/%.c $(wildcard $(HERE)*.h) | $(O)
	$(CC) $(CFLAGS) $(FLAGS) -c -o $@ $<
$(O)/%.o: $(SOURCE)/%.S $(wildcard $(HERE)*.h) | $(O)
	$(CC) $(CFLAGS) $(FLAGS) -c -o $@ $<
$(O)/guest.lds: $(HERE)guest.lds.S $(HERE)layout.h | $(O)
	$(CC) -E -P -x assembler-with-cpp -o $@ $<
$(O):
	@mkdir -p $@
