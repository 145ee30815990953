/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "verify/verification.h"

#include <stdlib.h>
#include <string.h>

#include "cli/exit-codes.h"
#include "cli/message.h"

int verification_make(const struct image *image, struct verification *verification)
{
    int code = EXIT_CODE_OK;
    char wrong[256];

    memset(verification, 0, sizeof(*verification));
    verification->image = image;
    if (records_read(image, &verification->records, wrong, sizeof(wrong)) < 0 ||
        guest_tables_read(image, &verification->tables, wrong, sizeof(wrong)) < 0) {
        message_error("%s: %s", image->path, wrong);
        code = EXIT_CODE_INPUT;
    } else if (walk_image(verification) < 0) {
        message_error("Capstone cannot be started; reinstall libcapstone4");
        code = EXIT_CODE_TOOL;
    } else {
        check_records(verification);
        findings_sort(&verification->findings);
    }
    if (code != EXIT_CODE_OK)
        verification_free(verification);
    return code;
}

void verification_free(struct verification *verification)
{
    findings_free(&verification->findings);
    records_free(&verification->records);
    guest_tables_free(&verification->tables);
    free(verification->sections);
    memset(verification, 0, sizeof(*verification));
}
