/* SPDX-License-Identifier: GPL-3.0-or-later */
/* decode-records --samples: prints the table's samples as assembler text.
 * decode-records IMAGE...: decodes each 64-bit site of the images as the wedge does with code that
 * comes at run time, and compares with the annotator's record, field by field. A site with no
 * decoding, or another one, is printed. Prints how many there were.
 *
 * The wedge does not know all of the table: what `not_known` names is of features that CPUID hides,
 * and traps. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "afterburn/record.h"
#include "decode/sensitive-table.h"
#include "image/image.h"
#include "image/records.h"
#include "link/site-table.h"
#include "wedge/decode.h"

#define KNOWN_FLAGS (AFTERBURN_MEMORY | AFTERBURN_IMMEDIATE | AFTERBURN_REPEAT)

/* What decoding can tell of a site: not its pad, nor what a linker fills in. */
static void leave_out(struct wedge_site *site, const struct afterburn_record *record)
{
    site->span = site->offset = site->bits = 0;
    site->flags &= KNOWN_FLAGS;
    if (record->flags & AFTERBURN_RELOCATED)
        site->immediate = 0, site->displacement = 0;
}

static void print(const char *who, const struct wedge_site *site)
{
    printf("  %-7s %s length %u flags %x width %u reg %u reg2 %u special %u base %u index %u scale "
           "%u segment %u address %u immediate %x displacement %x\n",
           who, sensitive_name(site->kind), site->length, site->flags, site->width, site->reg,
           site->reg2, site->special, site->base, site->index, site->scale, site->segment,
           site->address_width, site->immediate, (unsigned int)site->displacement);
}

static const char not_known[] =
    "clgi clrssbsy encls enclv enqcmds getsec hreset invept invlpga invlpgb invvpid loadiwkey "
    "pconfig psmash pvalidate rmpadjust rmpupdate rsm seamcall seamops seamret setssbsy skinit "
    "stgi tdcall tlbsync tpause umonitor umwait vmcall vmclear vmfunc vmlaunch vmload vmmcall "
    "vmptrld vmptrst vmread vmresume vmrun vmsave vmwrite vmxoff vmxon wruss";

static void print_samples(void)
{
    puts("\t.text\n\t.globl f\n\t.type f, @function\nf:");
    for (size_t i = 0; i < sensitive_sample_count; i++)
        if (sensitive_samples[i].modes & SENSITIVE_BITS_64)
            printf("\t%s\n", sensitive_samples[i].text);
    puts("\tret\n\t.size f, . - f");
}

/* Gives whether they differ. */
static int compare(const struct image *image, const struct site *site)
{
    const struct image_section *section = image_section_at(image, site->instruction);
    struct wedge_site wanted = site_table_entry(&site->record), got;
    const unsigned char *bytes;

    if (!section || !section->bytes)
        return 0;
    bytes = section->bytes + (site->instruction - section->address);
    if (!decode_sensitive(bytes, site->record.length, 64, &got))
        got.kind = SENSITIVE_NONE;
    leave_out(&wanted, &site->record);
    leave_out(&got, &site->record);
    if (memcmp(&wanted, &got, sizeof(got)) == 0 ||
        (got.kind == SENSITIVE_NONE && word_in_list(sensitive_name(wanted.kind), not_known)))
        return 0;
    printf("0x%" PRIx64 ":\n", site->instruction);
    print("record", &wanted);
    print("wedge", &got);
    return 1;
}

int main(int argc, char **argv)
{
    size_t count = 0, differ = 0;

    if (argc == 2 && strcmp(argv[1], "--samples") == 0) {
        print_samples();
        return 0;
    }
    for (int i = 1; i < argc; i++) {
        struct records records;
        struct image image;
        char wrong[256];

        if (image_open(argv[i], &image) != 0)
            return 3;
        if (records_read(&image, &records, wrong, sizeof(wrong)) != 0) {
            fprintf(stderr, "decode-records: %s: %s\n", argv[i], wrong);
            return 3;
        }
        for (size_t k = 0; k < records.site_count; k++) {
            if (records.sites[k].record.bits != 64)
                continue;
            count++;
            differ += (size_t)compare(&image, &records.sites[k]);
        }
        records_free(&records);
        image_close(&image);
    }
    printf("%zu sites, %zu decoded otherwise\n", count, differ);
    return differ != 0;
}
