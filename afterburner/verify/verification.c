/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "verify/verification.h"

#include <stdlib.h>
#include <string.h>

#include "cli/exit-codes.h"
#include "cli/memory.h"
#include "cli/message.h"
#include "verify/place-rules.h"

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

/* Walks the image as it is bound: its counts are its own, and only its findings are kept. */
static int walk_bound(struct verification *verification)
{
    struct verification again = *verification;
    size_t count = verification->records.region_count;
    uint64_t *kept = memory_allocate((count + 1) * sizeof(*kept));
    int code;

    for (size_t i = 0; i < count; i++)
        kept[i] = verification->records.regions[i].instructions;
    memset(&again.findings, 0, sizeof(again.findings));
    again.sections = NULL;
    again.section_count = 0;
    again.instructions = 0;
    code = walk_image(&again);
    verification->bound->instructions = again.instructions;
    for (size_t i = 0; i < count; i++)
        verification->records.regions[i].instructions = kept[i];
    findings_merge(&verification->findings, &again.findings);
    free(again.sections);
    free(kept);
    return code;
}

void verification_settle_trapping(struct verification *verification, const char *place)
{
    struct findings *findings = &verification->findings;

    for (size_t i = 0; i < findings->count; i++) {
        const struct finding *finding = &findings->list[i];

        if (finding->kind == FINDING_UNANNOTATED && place_traps(place, finding->entry))
            findings_settle(findings, i, FINDING_TRAPPING,
                            finding->why ? finding->why : "it has no site");
    }
}

static int check_bound(struct verification *verification, struct image *image)
{
    int code;

    check_site_table(verification);
    code = check_stubs(verification);
    bound_bind(verification, image);
    if (code == 0)
        code = check_patches(verification);
    if (code == 0)
        code = walk_bound(verification);
    if (code == 0)
        code = check_alternatives(verification, verification->bound->place);
    bound_unbind(verification, image);
    verification_settle_trapping(verification, verification->bound->place);
    findings_sort(&verification->findings);
    return code;
}

int verification_make_bound(struct image *image, const char *place,
                            struct verification *verification)
{
    struct bound *bound;
    int code = bound_read(image, place, &bound);

    if (code != EXIT_CODE_OK)
        return code;
    code = verification_make(image, verification);
    if (code != EXIT_CODE_OK) {
        bound_free(bound);
        return code;
    }
    verification->bound = bound;
    if (check_bound(verification, image) < 0) {
        message_error("Capstone cannot be started; reinstall libcapstone4");
        verification_free(verification);
        code = EXIT_CODE_TOOL;
    }
    return code;
}

int verification_check_live(struct image *image, struct verification *verification,
                            struct live *live)
{
    int code;

    if (verification->bound)
        bound_bind(verification, image);
    code = check_live(verification, live);
    if (verification->bound)
        bound_unbind(verification, image);
    verification->live = live;
    return code;
}

void verification_free(struct verification *verification)
{
    bound_free(verification->bound);
    free(verification->answers);
    findings_free(&verification->findings);
    records_free(&verification->records);
    guest_tables_free(&verification->tables);
    free(verification->sections);
    memset(verification, 0, sizeof(*verification));
}
