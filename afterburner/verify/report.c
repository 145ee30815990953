/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "verify/report.h"

#include <Zydis/Zydis.h>
#include <capstone/capstone.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/exit-codes.h"
#include "cli/json-text.h"
#include "cli/memory.h"
#include "cli/message.h"
#include "cli/version.h"
#include "decode/classify.h"
#include "decode/sensitive-table.h"

#define CERTIFICATE_VERSION 1

size_t alternative_sensitive(const struct verification *verification,
                             const struct alternative *alternative, char *text, size_t capacity)
{
    const struct image_section *section =
        image_section_at(verification->image, alternative->replacement);
    uint64_t at = alternative->replacement, end = at + alternative->replacement_length;
    size_t found = 0, used = 0, length;

    text[0] = '\0';
    if (!section || !section->bytes || end > section->address + section->size)
        return 0;
    for (; at < end; at += length) {
        int kind = classify_bytes(section->bytes + (at - section->address), end - at,
                                  verification->image->bits, &length, NULL);

        if (!length)
            length = 1;
        if (!kind)
            continue;
        if (used < capacity)
            used += (size_t)snprintf(text + used, capacity - used, "%s%s", found ? " " : "",
                                     sensitive_name(kind));
        found++;
    }
    return found;
}

/* --- For people
 * -------------------------------------------------------------------------------------------------------
 */

static void print_place(const struct verification *verification, uint64_t address)
{
    const struct image *image = verification->image;
    const struct image_section *section = image_section_at(image, address);
    uint64_t offset;
    const char *function = image_function_at(image, address, &offset), *file;
    unsigned int line = image_line_at(image, address, &file);

    if (image->relocatable && section)
        printf("%s+0x%llx", section->name, (unsigned long long)(address - section->address));
    else
        printf("0x%llx", (unsigned long long)address);
    if (*function)
        printf(" %s+0x%llx", function, (unsigned long long)offset);
    if (section && !image->relocatable)
        printf(" (%s)", section->name);
    if (line)
        printf(" %s:%u", file, line);
}

static void print_findings(const struct verification *verification, enum finding_state state,
                           size_t limit)
{
    size_t shown = 0, skipped = 0;

    for (size_t i = 0; i < verification->findings.count; i++) {
        const struct finding *finding = &verification->findings.list[i];

        if (finding->state != state)
            continue;
        if (limit && shown == limit) {
            skipped++;
            continue;
        }
        shown++;
        printf("  %s: ", finding_state_name(state));
        print_place(verification, finding->address);
        printf(": %s: %s", finding_sentence(finding->kind), finding->detail);
        if (finding->why)
            printf(" [%s]", finding->why);
        putchar('\n');
    }
    if (skipped)
        printf("  ... and %zu more %s; --limit 0 shows all\n", skipped, finding_state_name(state));
}

static void print_alternative(const struct verification *verification, size_t index, size_t count,
                              const char *names)
{
    const struct alternative_answer *answer =
        verification->answers ? &verification->answers[index] : NULL;

    printf("  alternative: %zu bring `%s` when the processor has %s", count, names,
           verification->tables.alternatives[index].feature);
    if (answer)
        printf(": %s: %s", alternative_verdict_name(answer->verdict), answer->why);
    putchar('\n');
}

/* One line for each gating feature: how many alternatives bring which instructions. */
static void print_alternatives(const struct verification *verification)
{
    const struct guest_tables *tables = &verification->tables;
    char names[128], other[128];

    for (size_t i = 0; i < tables->alternative_count; i++) {
        const char *feature = tables->alternatives[i].feature;
        size_t same = 0;
        int seen = 0;

        if (!alternative_sensitive(verification, &tables->alternatives[i], names, sizeof(names)))
            continue;
        for (size_t k = 0; k < tables->alternative_count; k++)
            if (strcmp(tables->alternatives[k].feature, feature) == 0 &&
                alternative_sensitive(verification, &tables->alternatives[k], other,
                                      sizeof(other)) &&
                strcmp(names, other) == 0) {
                same++;
                seen |= k < i;
            }
        if (!seen)
            print_alternative(verification, i, same, names);
    }
}

/* Settled findings, one line for each reason with the first place. */
static void print_settled(const struct verification *verification, enum finding_state state)
{
    const struct findings *findings = &verification->findings;
    size_t first = 0; /* they are sorted by state */

    while (first < findings->count && findings->list[first].state != state)
        first++;
    for (size_t i = first; i < findings->count; i++) {
        const struct finding *finding = &findings->list[i];
        size_t same = 0;
        int seen = 0;

        if (finding->state != state)
            break;
        for (size_t k = first; k < findings->count && !seen; k++)
            if (findings->list[k].state == state &&
                strcmp(findings->list[k].why, finding->why) == 0) {
                same++;
                seen = k < i;
            }
        if (seen)
            continue;
        printf("  %s: %zu x %s: %s; first: ", finding_state_name(state), same,
               finding_sentence(finding->kind), finding->why);
        print_place(verification, finding->address);
        putchar('\n');
    }
}

static void print_undecoded(const struct verification *verification)
{
    const struct image *image = verification->image;
    unsigned long long bytes = 0;
    size_t count = 0;

    for (size_t i = 0; i < image->section_count; i++)
        if (left_undecoded(image, &image->sections[i])) {
            bytes += image->sections[i].size;
            count++;
        }
    if (count)
        printf("  not decoded: %llu bytes of data in %zu sections of executable segments\n", bytes,
               count);
}

/* The wedge is what sensitive instructions are handed to: it is not asked about its own. */
static void print_wedge(const struct verification *verification)
{
    const struct image *image = verification->image;
    unsigned long long bytes = 0;
    size_t count = 0;

    for (size_t i = 0; i < image->section_count; i++)
        if (image->sections[i].of_wedge) {
            bytes += image->sections[i].size;
            count++;
        }
    if (count)
        printf("  wedge: %llu bytes in %zu sections at 0x%llx, not decoded\n", bytes, count,
               (unsigned long long)image->wedge_start);
}

static void print_regions(const struct verification *verification)
{
    struct region *list;
    size_t count = regions_list(verification, &list), exempt = 0, other_bits = 0;
    unsigned long long bytes = 0, instructions = 0;

    for (size_t i = 0; i < count; i++) {
        bytes += list[i].end - list[i].start;
        instructions += list[i].instructions;
        exempt += exemption_text(list[i].exemption) && list[i].exemption != AFTERBURN_EXEMPT_DATA;
        other_bits += list[i].bits != verification->image->bits;
    }
    if (count)
        printf("  regions: %zu, %llu bytes, %llu instructions; %zu exempt, %zu not of %d "
               "bits\n",
               count, bytes, instructions, exempt, other_bits, verification->image->bits);
    if (verification->data || verification->fill)
        printf("  among code: %llu bytes of data, %llu of fill that nothing runs\n",
               (unsigned long long)verification->data, (unsigned long long)verification->fill);
    free(list);
}

/* What traps at the place, by instruction, each with its first place. */
static void print_trapping(const struct verification *verification)
{
    const struct findings *findings = &verification->findings;

    for (int entry = 0; entry < ENTRY_NUMBERS; entry++) {
        const struct finding *first = NULL;
        size_t count = 0;

        for (size_t i = 0; i < findings->count; i++)
            if (findings->list[i].state == FINDING_TRAPPING && findings->list[i].entry == entry &&
                count++ == 0)
                first = &findings->list[i];
        if (!first)
            continue;
        printf("  relies on the trap: %zu x %s, first: ", count, sensitive_name(entry));
        print_place(verification, first->address);
        putchar('\n');
    }
}

static void print_bound(const struct verification *verification)
{
    const struct bound *bound = verification->bound;

    if (!bound)
        return;
    printf("  bound for %s: %u sites: %zu jump to their stub, %zu store, %zu trap, %zu in "
           "replacements stay as they are\n",
           bound->place, bound->header.site_count, bound->jumps, bound->stores, bound->traps,
           bound->unbound);
    printf("  bound for %s: %llu instructions\n", bound->place,
           (unsigned long long)bound->instructions);
    if (bound->overwritten)
        printf("  bound for %s: alternatives may overwrite %zu bound sites\n", bound->place,
               bound->overwritten);
    print_trapping(verification);
}

static void print_live(const struct verification *verification)
{
    const struct live *live = verification->live;
    size_t patches = 0;

    if (!live)
        return;
    printf("  live: %llu bytes of code compared, %llu of initial code given up\n",
           (unsigned long long)live->compared, (unsigned long long)live->initial);
    if (live->wedge_moved)
        puts("  live: the wedge is not where it was loaded: its tables and stubs are not compared");
    printf("  live: %zu sites as expected; %zu alternatives brought, %zu with longer nops\n",
           live->sites, live->alternatives, live->nops);
    for (int i = 0; i < PATCH_KIND_COUNT; i++)
        patches += live->patches[i];
    for (int i = 0; i < PATCH_KIND_COUNT; i++)
        if (live->patches[i])
            printf("  live: %zu changed %s\n", live->patches[i],
                   guest_patch_name((enum guest_patch_kind)i));
    if (!patches && !live->unexplained)
        printf("  live: nothing else was changed\n");
}

static size_t sites_without_pad(const struct records *records)
{
    size_t count = 0;

    for (size_t i = 0; i < records->site_count; i++)
        count += (records->sites[i].record.flags & AFTERBURN_NO_ROOM) != 0;
    return count;
}

void report_print(const struct verification *verification, size_t limit)
{
    const struct findings *findings = &verification->findings;
    size_t sensitive = 0, mnemonics = 0, without;

    for (int i = 1; i < ENTRY_NUMBERS; i++) {
        sensitive += verification->by_entry[i];
        mnemonics += verification->by_entry[i] != 0;
    }
    printf("%s: %s", verification->image->path, findings->open ? "NOT VERIFIED" : "verified");
    if (verification->bound)
        printf(" as bound for %s", verification->bound->place);
    putchar('\n');
    if (verification->image->build_id[0])
        printf("  build-id: %s\n", verification->image->build_id);
    printf("  instructions: %llu in %zu executable sections\n",
           (unsigned long long)verification->instructions, verification->section_count);
    printf("  sensitive: %zu of %zu kinds; sites: %zu", sensitive, mnemonics,
           verification->records.site_count);
    without = sites_without_pad(&verification->records);
    if (without)
        printf(", %zu of them without a pad", without);
    putchar('\n');
    if (!verification->records.present && sensitive)
        printf("  no section " AFTERBURN_SECTION
               ": it was not assembled through `afterburner as`\n");
    print_regions(verification);
    print_undecoded(verification);
    print_wedge(verification);
    print_bound(verification);
    print_live(verification);
    print_alternatives(verification);
    printf("  findings: %zu open, %zu explained, %zu exempt", findings->open, findings->explained,
           findings->exempt);
    if (verification->bound)
        printf(", %zu trapping", findings->trapping);
    putchar('\n');
    print_findings(verification, FINDING_OPEN, limit);
    if (limit) {
        print_settled(verification, FINDING_EXPLAINED);
        print_settled(verification, FINDING_EXEMPT);
    } else {
        print_findings(verification, FINDING_EXPLAINED, 0);
        print_findings(verification, FINDING_EXEMPT, 0);
        print_findings(verification, FINDING_TRAPPING, 0);
    }
}

/* --- For programs
 * -----------------------------------------------------------------------------------------------------
 */

static void add_count(json_t *object, const char *key, uint64_t count)
{
    json_int_t old = json_integer_value(json_object_get(object, key));

    json_object_set_new(object, key, json_integer(old + (json_int_t)count));
}

static json_t *hexadecimal(uint64_t value)
{
    return json_sprintf("0x%llx", (unsigned long long)value);
}

static void add_place(json_t *object, const struct verification *verification, uint64_t address)
{
    const struct image_section *section = image_section_at(verification->image, address);
    uint64_t offset;
    const char *function = image_function_at(verification->image, address, &offset), *file;
    unsigned int line = image_line_at(verification->image, address, &file);

    json_object_set_new(object, "address", hexadecimal(address));
    if (section) {
        json_object_set_new(object, "section", json_text(section->name));
        json_object_set_new(object, "section_offset", hexadecimal(address - section->address));
    }
    if (*function) {
        json_object_set_new(object, "function", json_text(function));
        json_object_set_new(object, "function_offset", hexadecimal(offset));
    }
    if (line) {
        json_object_set_new(object, "file", json_text(file));
        json_object_set_new(object, "line", json_integer(line));
    }
}

static json_t *findings_json(const struct verification *verification)
{
    json_t *list = json_array();

    for (size_t i = 0; i < verification->findings.count; i++) {
        const struct finding *finding = &verification->findings.list[i];
        json_t *object = json_object();

        json_object_set_new(object, "kind", json_string(finding_name(finding->kind)));
        json_object_set_new(object, "state", json_string(finding_state_name(finding->state)));
        add_place(object, verification, finding->address);
        json_object_set_new(object, "detail", json_text(finding->detail));
        if (finding->why)
            json_object_set_new(object, "why", json_text(finding->why));
        json_array_append_new(list, object);
    }
    return list;
}

/* What the image is where it is bound; null when nobody asked. */
static json_t *bound_json(const struct verification *verification)
{
    const struct bound *bound = verification->bound;
    json_t *object, *trapping, *mnemonics;

    if (!bound)
        return json_null();
    object = json_object();
    trapping = json_object();
    mnemonics = json_object();
    for (size_t i = 0; i < verification->findings.count; i++)
        if (verification->findings.list[i].state == FINDING_TRAPPING)
            add_count(mnemonics, sensitive_name(verification->findings.list[i].entry), 1);
    json_object_set_new(trapping, "count",
                        json_integer((json_int_t)verification->findings.trapping));
    json_object_set_new(trapping, "by_mnemonic", mnemonics);
    json_object_set_new(object, "place", json_string(bound->place));
    json_object_set_new(object, "sites", json_integer(bound->header.site_count));
    json_object_set_new(object, "jumps", json_integer((json_int_t)bound->jumps));
    json_object_set_new(object, "stores", json_integer((json_int_t)bound->stores));
    json_object_set_new(object, "traps", json_integer((json_int_t)bound->traps));
    json_object_set_new(object, "in_replacements", json_integer((json_int_t)bound->unbound));
    json_object_set_new(object, "overwritten", json_integer((json_int_t)bound->overwritten));
    json_object_set_new(object, "instructions", json_integer((json_int_t)bound->instructions));
    json_object_set_new(object, "relies_on_trap", trapping);
    return object;
}

/* What a dump had; null without one. */
static json_t *live_json(const struct verification *verification)
{
    const struct live *live = verification->live;
    json_t *object, *patches;

    if (!live)
        return json_null();
    object = json_object();
    patches = json_object();
    for (int i = 0; i < PATCH_KIND_COUNT; i++)
        json_object_set_new(patches, guest_patch_name((enum guest_patch_kind)i),
                            json_integer((json_int_t)live->patches[i]));
    json_object_set_new(object, "dump", json_text(live->path));
    json_object_set_new(object, "offset", hexadecimal(live->offset));
    json_object_set_new(object, "compared", json_integer((json_int_t)live->compared));
    json_object_set_new(object, "given_up", json_integer((json_int_t)live->initial));
    json_object_set_new(object, "sites", json_integer((json_int_t)live->sites));
    json_object_set_new(object, "alternatives", json_integer((json_int_t)live->alternatives));
    json_object_set_new(object, "nops", json_integer((json_int_t)live->nops));
    json_object_set_new(object, "changed", patches);
    json_object_set_new(object, "wedge_moved", json_boolean(live->wedge_moved));
    json_object_set_new(object, "unexplained", json_integer((json_int_t)live->unexplained));
    return object;
}

static json_t *alternatives_json(const struct verification *verification)
{
    json_t *list = json_array();

    for (size_t i = 0; i < verification->tables.alternative_count; i++) {
        const struct alternative *alternative = &verification->tables.alternatives[i];
        char names[128];
        json_t *object;

        if (!alternative_sensitive(verification, alternative, names, sizeof(names)))
            continue;
        object = json_object();
        add_place(object, verification, alternative->original);
        json_object_set_new(object, "feature", json_text(alternative->feature));
        json_object_set_new(object, "sensitive", json_text(names));
        if (verification->answers) {
            const struct alternative_answer *answer = &verification->answers[i];

            json_object_set_new(object, "verdict",
                                json_string(alternative_verdict_name(answer->verdict)));
            json_object_set_new(object, "why", json_text(answer->why));
        }
        json_array_append_new(list, object);
    }
    return list;
}

/* Code that regions have read in another way than the image's own: what a reader of the certificate
 * must agree with. */
static json_t *regions_json(const struct verification *verification)
{
    struct region *regions;
    size_t count = regions_list(verification, &regions);
    json_t *list = json_array();

    for (size_t i = 0; i < count; i++) {
        const struct image_section *section =
            image_section_at(verification->image, regions[i].start);
        const char *why = exemption_text(regions[i].exemption);
        json_t *object = json_object();

        json_object_set_new(object, "section", json_text(section ? section->name : ""));
        json_object_set_new(object, "start", hexadecimal(regions[i].start));
        json_object_set_new(object, "end", hexadecimal(regions[i].end));
        json_object_set_new(object, "bits", json_integer(regions[i].bits));
        if (why)
            json_object_set_new(object, "exempt", json_string(why));
        json_object_set_new(object, "instructions",
                            json_integer((json_int_t)regions[i].instructions));
        json_array_append_new(list, object);
    }
    free(regions);
    return list;
}

/* Data that a loader makes executable: nobody decoded it. */
static json_t *undecoded_json(const struct verification *verification)
{
    const struct image *image = verification->image;
    json_t *list = json_array();

    for (size_t i = 0; i < image->section_count; i++)
        if (left_undecoded(image, &image->sections[i])) {
            json_t *object = json_object();

            json_object_set_new(object, "section", json_text(image->sections[i].name));
            json_object_set_new(object, "address", hexadecimal(image->sections[i].address));
            json_object_set_new(object, "bytes", json_integer((json_int_t)image->sections[i].size));
            json_array_append_new(list, object);
        }
    return list;
}

/* What `afterburner link` put beside the guest, which nobody decoded either; null without one. */
static json_t *wedge_json(const struct verification *verification)
{
    const struct image *image = verification->image;
    json_t *sections = json_array(), *object;

    for (size_t i = 0; i < image->section_count; i++)
        if (image->sections[i].of_wedge) {
            object = json_object();
            json_object_set_new(object, "section", json_text(image->sections[i].name));
            json_object_set_new(object, "address", hexadecimal(image->sections[i].address));
            json_object_set_new(object, "bytes", json_integer((json_int_t)image->sections[i].size));
            json_array_append_new(sections, object);
        }
    if (!image->wedge_end) {
        json_decref(sections);
        return json_null();
    }
    object = json_object();
    json_object_set_new(object, "start", hexadecimal(image->wedge_start));
    json_object_set_new(object, "end", hexadecimal(image->wedge_end));
    json_object_set_new(object, "sections", sections);
    return object;
}

json_t *report_certificate(const struct verification *verification)
{
    json_t *certificate = json_object(), *tools = json_object(), *counts = json_object(),
           *mnemonics = json_object();
    json_t *sections = json_object();
    unsigned long long zydis = ZydisGetVersion();
    int major, minor;

    cs_version(&major, &minor);
    json_object_set_new(tools, "afterburner", json_string(AFTERBURNER_VERSION));
    json_object_set_new(
        tools, "zydis",
        json_sprintf("%llu.%llu.%llu", zydis >> 48, zydis >> 32 & 0xffff, zydis >> 16 & 0xffff));
    json_object_set_new(tools, "capstone", json_sprintf("%d.%d", major, minor));
    json_object_set_new(tools, "libopcodes", json_string(AFTERBURNER_BINUTILS_VERSION));

    for (int i = 1; i < ENTRY_NUMBERS; i++)
        if (verification->by_entry[i])
            json_object_set_new(mnemonics, sensitive_name(i),
                                json_integer((json_int_t)verification->by_entry[i]));
    for (size_t i = 0; i < verification->section_count; i++) {
        const struct section_count *count = &verification->sections[i];
        char *name = text_as_utf8(count->section->name);
        json_t *object = json_object_get(sections, name);

        if (!object) { /* a relocatable file can have several sections of one name */
            object = json_pack("{s:i, s:i, s:i}", "instructions", 0, "sensitive", 0, "sites", 0);
            json_object_set_new(sections, name, object);
        }
        free(name);
        add_count(object, "instructions", count->instructions);
        add_count(object, "sensitive", count->sensitive);
        add_count(object, "sites", count->sites);
    }
    json_object_set_new(counts, "instructions",
                        json_integer((json_int_t)verification->instructions));
    json_object_set_new(counts, "sites",
                        json_integer((json_int_t)verification->records.site_count));
    json_object_set_new(counts, "open", json_integer((json_int_t)verification->findings.open));
    json_object_set_new(counts, "explained",
                        json_integer((json_int_t)verification->findings.explained));
    json_object_set_new(counts, "exempt", json_integer((json_int_t)verification->findings.exempt));
    json_object_set_new(counts, "by_mnemonic", mnemonics);
    json_object_set_new(counts, "by_section", sections);

    json_object_set_new(certificate, "format", json_string("afterburner-certificate"));
    json_object_set_new(certificate, "version", json_integer(CERTIFICATE_VERSION));
    json_object_set_new(certificate, "file", json_text(verification->image->path));
    json_object_set_new(certificate, "build_id", json_string(verification->image->build_id));
    json_object_set_new(certificate, "bits", json_integer(verification->image->bits));
    json_object_set_new(certificate, "relocatable", json_boolean(verification->image->relocatable));
    json_object_set_new(certificate, "verified", json_boolean(verification->findings.open == 0));
    json_object_set_new(certificate, "tools", tools);
    json_object_set_new(certificate, "counts", counts);
    json_object_set_new(certificate, "regions", regions_json(verification));
    json_object_set_new(certificate, "not_decoded", undecoded_json(verification));
    json_object_set_new(certificate, "wedge", wedge_json(verification));
    json_object_set_new(certificate, "bound", bound_json(verification));
    json_object_set_new(certificate, "live", live_json(verification));
    json_object_set_new(certificate, "alternatives", alternatives_json(verification));
    json_object_set_new(certificate, "findings", findings_json(verification));
    return certificate;
}

int report_write_json(const char *path, const json_t *json)
{
    char *text = json_dumps(json, JSON_INDENT(2) | JSON_PRESERVE_ORDER), *temporary;
    FILE *file;
    int failed;

    if (!text)
        message_out_of_memory();
    if (strcmp(path, "-") == 0) {
        puts(text);
        free(text);
        return EXIT_CODE_OK;
    }
    temporary = memory_format("%s.afterburner-%ld", path, (long)getpid());
    file = fopen(temporary, "w");
    failed = !file || fputs(text, file) == EOF || fputc('\n', file) == EOF;
    if (file && fclose(file) != 0)
        failed = 1;
    if (failed || rename(temporary, path) < 0) {
        message_error("%s: cannot be written: %s", path, strerror(errno));
        unlink(temporary);
        failed = 1;
    }
    free(temporary);
    free(text);
    return failed ? EXIT_CODE_OUTPUT : EXIT_CODE_OK;
}
