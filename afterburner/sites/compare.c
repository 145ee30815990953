/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sites/compare.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli/exit-codes.h"
#include "cli/json-text.h"
#include "cli/memory.h"
#include "decode/sensitive-table.h"

static int by_identity(const void *a, const void *b)
{
    const struct site *x = *(const struct site *const *)a, *y = *(const struct site *const *)b;

    if (x->record.identity != y->record.identity)
        return x->record.identity < y->record.identity ? -1 : 1;
    return (x->start > y->start) - (x->start < y->start);
}

static int by_address(const void *a, const void *b)
{
    const struct site *x = *(const struct site *const *)a, *y = *(const struct site *const *)b;

    return (x->start > y->start) - (x->start < y->start);
}

static const struct site **sorted(const struct records *records)
{
    const struct site **list = memory_allocate((records->site_count + 1) * sizeof(*list));

    for (size_t i = 0; i < records->site_count; i++)
        list[i] = &records->sites[i];
    qsort(list, records->site_count, sizeof(*list), by_identity);
    return list;
}

static json_t *print_only(const struct image *image, const struct site **list, size_t count,
                          const char *sign, int json)
{
    json_t *array = json_array();

    qsort(list, count, sizeof(*list), by_address);
    for (size_t i = 0; i < count; i++) {
        uint64_t offset;
        const char *function = image_function_at(image, list[i]->start, &offset);

        if (json) {
            json_array_append_new(
                array, json_pack("{s:o, s:s, s:o, s:I}", "identity",
                                 json_sprintf("%016" PRIx64, list[i]->record.identity), "kind",
                                 sensitive_name(list[i]->record.kind), "function",
                                 json_text(function), "function_offset", (json_int_t)offset));
        } else {
            printf("%s %016" PRIx64 " %-16s %s+0x%" PRIx64 "\n", sign, list[i]->record.identity,
                   sensitive_name(list[i]->record.kind), *function ? function : "-", offset);
        }
    }
    return array;
}

int compare_sites_print(const struct image *old_image, const struct records *old_records,
                        const struct image *new_image, const struct records *new_records, int json)
{
    const struct site **old_list = sorted(old_records), **new_list = sorted(new_records);
    size_t went = 0, came = 0, stayed = 0, i = 0, k = 0;
    json_t *went_json, *came_json;

    /* A merge; what has no partner is moved to the front of its list. */
    while (i < old_records->site_count || k < new_records->site_count) {
        if (k == new_records->site_count ||
            (i < old_records->site_count &&
             old_list[i]->record.identity < new_list[k]->record.identity)) {
            old_list[went++] = old_list[i++];
        } else if (i == old_records->site_count ||
                   new_list[k]->record.identity < old_list[i]->record.identity) {
            new_list[came++] = new_list[k++];
        } else {
            stayed++;
            i++;
            k++;
        }
    }
    went_json = print_only(old_image, old_list, went, "-", json);
    came_json = print_only(new_image, new_list, came, "+", json);
    if (json) {
        json_t *object = json_pack("{s:I, s:o, s:o}", "stayed", (json_int_t)stayed, "went",
                                   went_json, "came", came_json);

        json_dumpf(object, stdout, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
        putchar('\n');
        json_decref(object);
    } else {
        printf("%zu stayed (%.2f %% of the old), %zu went, %zu came\n", stayed,
               old_records->site_count ? 100.0 * (double)stayed / (double)old_records->site_count
                                       : 100.0,
               went, came);
        json_decref(went_json);
        json_decref(came_json);
    }
    free(old_list);
    free(new_list);
    return went || came ? EXIT_CODE_FINDINGS : EXIT_CODE_OK;
}
