/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a guest that patches itself makes of its code where it is bound. A guest copies the
 * replacement of an alternative over other code after it was bound. A jump to a stub is good for
 * one place only: copied, it would go elsewhere, and from the stub the wedge would go on behind the
 * replacement. So sites in replacements are left as they are, and each alternative that has
 * sensitive instructions is either never brought, or brings what needs no stub. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/memory.h"
#include "decode/sensitive-table.h"
#include "verify/place-rules.h"
#include "verify/plain.h"
#include "verify/report.h"
#include "verify/walk.h"

const char *alternative_verdict_name(enum alternative_verdict verdict)
{
    static const char *const names[] = {"innocuous", "never", "harmless", "trapping", "open"};

    return names[verdict];
}

enum {
    SEEN_OVERWRITTEN = 1,
    SEEN_CUT = 2,
};

struct judge {
    struct verification *verification;
    const struct alternative *alternative;
    const char *place;
    struct plain_decoders *decoders;
    struct gate gate;
    struct alternative_answer *answer;
};

static void answer(struct judge *judge, enum alternative_verdict verdict, const char *why)
{
    if (verdict < judge->answer->verdict)
        return;
    judge->answer->verdict = verdict;
    snprintf(judge->answer->why, sizeof(judge->answer->why), "%s", why);
}

static void finding(struct judge *judge, uint64_t address, int entry, const char *what)
{
    findings_add(&judge->verification->findings, FINDING_ALTERNATIVE_UNGATED, FINDING_OPEN, address,
                 NULL, "%s, when the processor has %s (%s)", what, judge->alternative->feature,
                 judge->gate.why);
    findings_set_entry(&judge->verification->findings, entry);
    answer(judge, ALTERNATIVE_OPEN, judge->gate.why);
}

static void judge_sensitive(struct judge *judge, uint64_t address, int entry)
{
    const struct sensitive_entry *known = sensitive_entry_by_number(entry);
    const char *why = place_harmless_why(judge->place, entry);
    char text[128];

    if (why) {
        answer(judge, ALTERNATIVE_HARMLESS, why);
    } else if (known && place_traps(judge->place, entry)) {
        findings_add(&judge->verification->findings, FINDING_ALTERNATIVE_UNGATED, FINDING_TRAPPING,
                     address, "an alternative brings it", "%s, when the processor has %s (%s)",
                     known->name, judge->alternative->feature, judge->gate.why);
        findings_set_entry(&judge->verification->findings, entry);
        answer(judge, ALTERNATIVE_TRAPPING, judge->gate.why);
    } else {
        snprintf(text, sizeof(text),
                 known && known->kind == SENSITIVE_PRIVILEGED
                     ? "a %s whose trap the place does not let through as it is"
                     : "a silent %s that nobody emulates",
                 sensitive_name(entry));
        finding(judge, address, entry, text);
    }
}

/* The bound site that a place in the replacement is the start of, or NULL. */
static const struct site *bound_at(const struct verification *verification, uint64_t address)
{
    const struct site *site =
        verification->bound ? records_site_at(&verification->records, address) : NULL;
    const struct bound_site *bound =
        site && site->start == address ? bound_site(verification, site) : NULL;

    return bound && bound->patch.length ? site : NULL;
}

/* The bytes that are written over the original, instruction by instruction. */
static void judge_copy(struct judge *judge, const unsigned char *bytes, size_t size)
{
    const struct alternative *alternative = judge->alternative;
    size_t length;

    for (size_t at = 0; at < size; at += length) {
        const struct site *site = bound_at(judge->verification, alternative->replacement + at);
        int entry;

        if (site && at < alternative->replacement_length) {
            finding(judge, alternative->original, site->record.kind,
                    "a replacement with a bound site: copied, its jump does not go to its stub");
            length = site->record.span;
            continue;
        }
        entry = plain_classify(judge->decoders, judge->verification->image->bits,
                               alternative->original + at, bytes + at, size - at, &length);
        if (!length) {
            finding(judge, alternative->original, 0, "bytes that are not decoded");
            return;
        }
        if (entry)
            judge_sensitive(judge, alternative->original, entry);
    }
}

static void judge_alternative(struct judge *judge)
{
    const struct alternative *alternative = judge->alternative;
    const struct image_section *section =
        image_section_at(judge->verification->image, alternative->replacement);
    unsigned char bytes[REPLACEMENT_MAX] = {0};

    if (judge->gate.verdict == GATE_NEVER) {
        answer(judge, ALTERNATIVE_NEVER, judge->gate.why);
        return;
    }
    if (!section || !section->bytes ||
        alternative->replacement + alternative->replacement_length >
            section->address + section->size) {
        finding(judge, alternative->original, 0, "a replacement that is not loaded");
        return;
    }
    answer(judge, ALTERNATIVE_HARMLESS, judge->gate.why);
    memcpy(bytes, section->bytes + (alternative->replacement - section->address),
           alternative->replacement_length);
    judge_copy(judge, bytes, guest_copy_replacement(alternative, bytes));
}

/* Whether the replacement is code that has sensitive instructions, bound or not. */
static int is_sensitive(const struct verification *verification,
                        const struct alternative *alternative)
{
    const struct records *records = &verification->records;
    char names[128];

    if (alternative_sensitive(verification, alternative, names, sizeof(names)))
        return 1;
    for (unsigned int i = 0; i < alternative->replacement_length; i++)
        if (records_site_at(records, alternative->replacement + i))
            return 1;
    return 0;
}

/* Whether a site gets a patch; of a guest that is not composed yet, as link would have it. */
static int will_be_bound(const struct verification *verification, const struct site *site)
{
    const struct bound_site *bound = verification->bound ? bound_site(verification, site) : NULL;

    return verification->bound ? bound && bound->patch.length
                               : !guest_in_replacement(&verification->tables, site->start);
}

/* Bound sites in the original of an alternative. An alternative that is brought overwrites them,
 * and the wedge's table still has them. One that is not leaves them to the guest, which looks for
 * nops among the original's instructions: a patch must leave nothing that reads as other ones. */
static void check_original(struct judge *judge, unsigned char *seen)
{
    struct verification *verification = judge->verification;
    const struct alternative *alternative = judge->alternative;
    const struct records *records = &verification->records;

    for (unsigned int i = 0; i < alternative->original_length; i++) {
        const struct site *site = records_site_at(records, alternative->original + i);
        size_t index = site ? (size_t)(site - records->sites) : 0;

        if (!site || site->start != alternative->original + i || !will_be_bound(verification, site))
            continue;
        if (site->record.span > SITE_SPAN_MIN && !(seen[index] & SEEN_CUT)) {
            finding(judge, site->start, site->record.kind,
                    "behind a patch, the rest of an instruction, which the guest looks at for "
                    "nops");
            seen[index] |= SEEN_CUT;
        }
        if (judge->gate.verdict != GATE_NEVER && !(seen[index] & SEEN_OVERWRITTEN)) {
            if (verification->bound)
                verification->bound->overwritten++;
            seen[index] |= SEEN_OVERWRITTEN;
        }
    }
}

int check_alternatives(struct verification *verification, const char *place)
{
    const struct guest_tables *tables = &verification->tables;
    unsigned char *seen = memory_allocate(verification->records.site_count + 1);
    struct plain_decoders decoders;
    int good = plain_open(&decoders) == 0;

    memset(seen, 0, verification->records.site_count + 1);
    free(verification->answers);
    verification->answers =
        memory_allocate((tables->alternative_count + 1) * sizeof(*verification->answers));
    memset(verification->answers, 0, tables->alternative_count * sizeof(*verification->answers));
    for (size_t i = 0; i < tables->alternative_count && good; i++) {
        struct judge judge = {
            .verification = verification,
            .alternative = &tables->alternatives[i],
            .place = place,
            .decoders = &decoders,
            .answer = &verification->answers[i],
        };

        guest_gate(judge.alternative, &judge.gate);
        if (is_sensitive(verification, judge.alternative))
            judge_alternative(&judge);
        check_original(&judge, seen);
    }
    plain_close(&decoders);
    free(seen);
    return good ? 0 : -1;
}
