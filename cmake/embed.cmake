# SPDX-License-Identifier: GPL-3.0-or-later
# cmake -DINPUT=FILE -DOUTPUT=HEADER -DNAME=NAME -P embed.cmake: a C array of the file's bytes, with a 0 behind them.
file(READ ${INPUT} CONTENTS HEX)
string(REGEX REPLACE "(..)" "0x\\1," CONTENTS "${CONTENTS}")
string(REGEX REPLACE "((0x..,)(0x..,)?(0x..,)?(0x..,)?(0x..,)?(0x..,)?(0x..,)?(0x..,)?)" "\\1\n" CONTENTS "${CONTENTS}")
file(WRITE ${OUTPUT} "static const char ${NAME}[] = {\n${CONTENTS}0};\n")
