/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "helpers.h"

#include "image/records.h"

/* A section .afterburn under construction, at this address. */
#define ADDRESS 0x10000

struct chunks {
    unsigned char bytes[1024];
    size_t size;
};

static struct afterburn_header *add_header(struct chunks *chunks, size_t record_count,
                                           uint64_t source)
{
    struct afterburn_header header = {
        .magic = AFTERBURN_MAGIC,
        .version = AFTERBURN_VERSION,
        .record_size = sizeof(struct afterburn_record),
        .size = (uint32_t)(record_count * sizeof(struct afterburn_record)),
        .source = source,
    };

    memcpy(chunks->bytes + chunks->size, &header, sizeof(header));
    chunks->size += sizeof(header);
    return (struct afterburn_header *)(chunks->bytes + chunks->size - sizeof(header));
}

static void add_record(struct chunks *chunks, uint64_t address,
                       const struct afterburn_record *record)
{
    struct afterburn_record copy = *record;

    copy.site = (int32_t)(address - (ADDRESS + chunks->size));
    memcpy(chunks->bytes + chunks->size, &copy, sizeof(copy));
    chunks->size += sizeof(copy);
}

static void add_site(struct chunks *chunks, uint64_t address, uint8_t span, uint16_t kind)
{
    add_record(chunks, address,
               &(struct afterburn_record){
                   .span = span, .offset = span > 7, .length = 1, .bits = 64, .kind = kind});
}

static void add_region(struct chunks *chunks, uint64_t address, uint32_t length, uint8_t bits,
                       uint16_t exemption)
{
    add_record(chunks, address,
               &(struct afterburn_record){.bits = bits,
                                          .kind = AFTERBURN_REGION,
                                          .flags = exemption,
                                          .displacement = (int32_t)length});
}

static void add_trap(struct chunks *chunks, uint64_t address)
{
    add_record(chunks, address,
               &(struct afterburn_record){.length = 1, .bits = 64, .kind = AFTERBURN_REGION});
}

/* Reads the chunks as the image's section would be, from a block that ends where they end. */
static int read_chunks(const struct chunks *chunks, int bits, struct records *records, char *wrong,
                       size_t capacity)
{
    unsigned char *bytes = exact_copy(chunks->bytes, chunks->size);
    struct image_section sections[] = {
        {.name = ".text", .address = 0x1000, .size = 0x1000, .allocated = 1, .executable = 1},
        {.name = ".afterburn",
         .address = ADDRESS,
         .size = chunks->size,
         .bytes = bytes,
         .allocated = 1},
    };
    struct image image = {.bits = bits, .sections = sections, .section_count = COUNT(sections)};
    int status;

    status = records_read(&image, records, wrong, capacity);
    free(bytes);
    return status;
}

static void expect_valid(const struct chunks *chunks, int bits, struct records *records)
{
    char wrong[256] = "";

    if (read_chunks(chunks, bits, records, wrong, sizeof(wrong)) != 0)
        fail_msg("%s", wrong);
}

static void expect_wrong(const struct chunks *chunks, const char *message)
{
    struct records records;
    char wrong[256] = "";

    assert_int_equal(read_chunks(chunks, 64, &records, wrong, sizeof(wrong)), -1);
    assert_string_equal(wrong, message);
    records_free(&records);
}

static void absent(void **state)
{
    struct image_section text = {.name = ".text", .address = 0x1000, .size = 16};
    struct image image = {.bits = 64, .sections = &text, .section_count = 1};
    struct records records;
    char wrong[64];

    (void)state;
    assert_int_equal(records_read(&image, &records, wrong, sizeof(wrong)), 0);
    assert_false(records.present);
    assert_int_equal(records.site_count + records.region_count + records.trap_count, 0);
    assert_null(records_site_at(&records, 0x1000));
    records_free(&records);
}

static void without_contents(void **state)
{
    struct image_section section = {.name = ".afterburn", .address = ADDRESS, .size = 64};
    struct image image = {.bits = 64, .sections = &section, .section_count = 1};
    struct records records;
    char wrong[64];

    (void)state;
    assert_int_equal(records_read(&image, &records, wrong, sizeof(wrong)), -1);
    assert_string_equal(wrong, "section .afterburn has no contents in memory");
    records_free(&records);
}

static void empty(void **state)
{
    struct chunks chunks = {.size = 0};
    struct records records;

    (void)state;
    expect_valid(&chunks, 64, &records);
    assert_true(records.present);
    assert_int_equal(records.site_count, 0);
    records_free(&records);
    add_header(&chunks, 0, 1); /* a chunk of no records */
    expect_valid(&chunks, 64, &records);
    assert_true(records.present);
    assert_int_equal(records.site_count, 0);
    records_free(&records);
}

static void one_chunk(void **state)
{
    struct chunks chunks = {.size = 0};
    struct records records;

    (void)state;
    add_header(&chunks, 3, 0x1234);
    add_site(&chunks, 0x1100, 8, 5);
    add_site(&chunks, 0x1000, 7, 1);
    add_site(&chunks, 0x1107, 7, 2); /* overlaps the first: told, not dropped */
    expect_valid(&chunks, 64, &records);
    assert_int_equal(records.site_count, 3);
    assert_int_equal(records.sites[0].start, 0x1000);
    assert_int_equal(records.sites[0].end, 0x1007);
    assert_int_equal(records.sites[0].instruction, 0x1000);
    assert_int_equal(records.sites[0].source, 0x1234);
    assert_int_equal(records.sites[0].record.kind, 1);
    assert_int_equal(records.sites[1].start, 0x1100);
    assert_int_equal(records.sites[1].instruction, 0x1101);
    assert_int_equal(records.sites[2].start, 0x1107);

    assert_null(records_site_at(&records, 0xfff));
    assert_ptr_equal(records_site_at(&records, 0x1000), &records.sites[0]);
    assert_ptr_equal(records_site_at(&records, 0x1006), &records.sites[0]);
    assert_null(records_site_at(&records, 0x1007));
    assert_ptr_equal(records_site_at(&records, 0x1106), &records.sites[1]);
    assert_ptr_equal(records_site_at(&records, 0x1107), &records.sites[2]);
    assert_null(records_site_at(&records, 0x110e));
    records_free(&records);
    assert_int_equal(records.site_count, 0);
}

/* Equal starts are sorted by their end. */
static void equal_starts(void **state)
{
    struct chunks chunks = {.size = 0};
    struct records records;

    (void)state;
    add_header(&chunks, 3, 0);
    add_site(&chunks, 0x1000, 9, 1);
    add_site(&chunks, 0x1000, 7, 2);
    add_site(&chunks, 0x1000, 8, 3);
    expect_valid(&chunks, 64, &records);
    assert_int_equal(records.sites[0].record.kind, 2);
    assert_int_equal(records.sites[1].record.kind, 3);
    assert_int_equal(records.sites[2].record.kind, 1);
    records_free(&records);
}

static void several_chunks(void **state)
{
    struct chunks chunks = {.size = 0};
    struct records records;

    (void)state;
    add_header(&chunks, 2, 1);
    add_site(&chunks, 0x1200, 7, 1);
    add_site(&chunks, 0x1300, 7, 2);
    add_header(&chunks, 0, 2);
    add_header(&chunks, 1, 3);
    add_site(&chunks, 0x1250, 7, 3);
    expect_valid(&chunks, 64, &records);
    assert_int_equal(records.site_count, 3);
    assert_int_equal(records.sites[0].source, 1);
    assert_int_equal(records.sites[1].source, 3);
    assert_int_equal(records.sites[1].start, 0x1250);
    assert_int_equal(records.sites[2].source, 1);
    records_free(&records);
}

/* In a 32-bit image the address wraps at 4 GiB; in a 64-bit one it does not. */
static void addresses_wrap(void **state)
{
    struct chunks chunks = {.size = 0};
    struct records records;

    (void)state;
    add_header(&chunks, 1, 0);
    add_site(&chunks, (uint64_t)-0x1000, 7, 1);
    expect_valid(&chunks, 32, &records);
    assert_int_equal(records.sites[0].start, 0xfffff000);
    records_free(&records);
    expect_valid(&chunks, 64, &records);
    assert_int_equal(records.sites[0].start, (uint64_t)-0x1000);
    records_free(&records);
}

static void broken_chunks(void **state)
{
    struct chunks chunks = {.size = 0}, good;

    (void)state;
    add_header(&chunks, 2, 0);
    add_site(&chunks, 0x1000, 7, 1);
    add_region(&chunks, 0x1010, 16, 16, AFTERBURN_EXEMPT_BITS_16);
    good = chunks;

    add_header(&chunks, 0, 0)->magic ^= 1;
    expect_wrong(&chunks, "section .afterburn has no record header at offset 0x70");

    chunks = good;
    add_header(&chunks, 0, 0)->version = 2;
    expect_wrong(
        &chunks,
        "unknown record version 2 at offset 0x70 of .afterburn (this program knows version 1); "
        "rebuild the image, or use the afterburner that built it");

    chunks = good;
    chunks.size += 8;
    expect_wrong(&chunks, "section .afterburn is cut off at offset 0x70");

    chunks = good;
    chunks.size -= 1;
    expect_wrong(&chunks, "the records at offset 0x0 of .afterburn are cut off");

    chunks = good;
    add_header(&chunks, 1, 0);
    expect_wrong(&chunks, "the records at offset 0x70 of .afterburn are cut off");

    chunks = good;
    ((struct afterburn_header *)chunks.bytes)->record_size = 64;
    expect_wrong(&chunks,
                 "records of 64 bytes at offset 0x0 of .afterburn (this program knows 40); "
                 "rebuild the image, or use the afterburner that built it");

    chunks = good;
    ((struct afterburn_header *)chunks.bytes)->record_size = 0;
    expect_wrong(&chunks, "records of 0 bytes at offset 0x0 of .afterburn (this program knows 40); "
                          "rebuild the image, or use the afterburner that built it");

    chunks = good;
    ((struct afterburn_header *)chunks.bytes)->size = 33;
    expect_wrong(&chunks, "the records at offset 0x0 of .afterburn are cut off");

    chunks = good;
    ((struct afterburn_header *)chunks.bytes)->size = 0xffffffe0;
    expect_wrong(&chunks, "the records at offset 0x0 of .afterburn are cut off");

    /* One record less than there are: the next one is no header. */
    chunks = good;
    ((struct afterburn_header *)chunks.bytes)->size = 40;
    expect_wrong(&chunks, "section .afterburn has no record header at offset 0x48");
}

static void expect_region(const struct records *records, uint64_t address, uint64_t start, int bits,
                          int exemption)
{
    struct image image = {.bits = 64};
    const struct region *region = records_region_at(records, address);

    assert_int_equal(records_bits_at(records, &image, address), bits);
    if (!start) {
        assert_null(region);
        return;
    }
    assert_non_null(region);
    assert_int_equal(region->start, start);
    assert_int_equal(region->exemption, exemption);
}

/* Sorted by address; bits that nobody has are the image's; one without bytes but with a length is a
 * trap. */
static void regions(void **state)
{
    struct chunks chunks = {.size = 0};
    struct records records;

    (void)state;
    add_header(&chunks, 8, 0);
    add_region(&chunks, 0x1800, 0x10, 7, AFTERBURN_EXEMPT_SECTION);
    add_region(&chunks, 0x1400, 0x100, 16, AFTERBURN_EXEMPT_BITS_16);
    add_trap(&chunks, 0x1500);
    add_site(&chunks, 0x1900, 7, 1);
    add_region(&chunks, 0x0800, 0xc0000000, 32, AFTERBURN_EXEMPT_NOT);
    add_region(&chunks, 0x1500, 1, 64, AFTERBURN_EXEMPT_DIRECTIVE);
    add_trap(&chunks, 0x1408);
    add_region(&chunks, 0x140c, 0, 16, AFTERBURN_EXEMPT_NOT);
    expect_valid(&chunks, 64, &records);
    assert_int_equal(records.site_count, 1);
    assert_int_equal(records.region_count, 4);
    assert_int_equal(records.trap_count, 2);
    for (size_t i = 1; i < records.region_count; i++)
        assert_true(records.regions[i - 1].start < records.regions[i].start);

    expect_region(&records, 0x07ff, 0, 64, 0);
    expect_region(&records, 0x0800, 0x0800, 32, AFTERBURN_EXEMPT_NOT);
    expect_region(&records, 0x13ff, 0x0800, 32, AFTERBURN_EXEMPT_NOT);
    expect_region(&records, 0x1400, 0x1400, 16, AFTERBURN_EXEMPT_BITS_16);
    expect_region(&records, 0x14ff, 0x1400, 16, AFTERBURN_EXEMPT_BITS_16);
    expect_region(&records, 0x1500, 0x1500, 64, AFTERBURN_EXEMPT_DIRECTIVE);
    expect_region(&records, 0x1501, 0, 64, 0);
    expect_region(&records, 0x180f, 0x1800, 64, AFTERBURN_EXEMPT_SECTION);
    expect_region(&records, 0x1810, 0, 64, 0);
    assert_int_equal(records.regions[0].end, 0xc0000800);
    assert_true(records_trap_at(&records, 0x1500));
    assert_true(records_trap_at(&records, 0x1408));
    assert_false(records_trap_at(&records, 0x1400));
    assert_false(records_trap_at(&records, 0x140c));
    assert_true(records_region_at(&records, 0x1800)->odd);
    assert_false(records_region_at(&records, 0x1400)->odd);
    records_free(&records);
}

/* A relocatable file can hold several sections of the name, in COMDAT groups: all of them count,
 * whichever has a record. */
static void several_sections(void **state)
{
    struct chunks first = {.size = 0}, second = {.size = 0};
    struct image_section sections[] = {
        {.name = ".afterburn", .address = ADDRESS, .allocated = 1},
        {.name = ".text", .address = 0x1000, .size = 0x1000, .allocated = 1, .executable = 1},
        {.name = ".afterburn", .address = ADDRESS, .allocated = 1},
    };
    struct image image = {.bits = 64, .sections = sections, .section_count = COUNT(sections)};
    struct records records;
    char wrong[256] = "";

    (void)state;
    add_header(&first, 2, 1);
    add_site(&first, 0x1100, 7, 1);
    add_region(&first, 0x1200, 8, 64, AFTERBURN_EXEMPT_DIRECTIVE);
    add_header(&second, 2, 2);
    add_region(&second, 0x1208, 8, 32, AFTERBURN_EXEMPT_NOT);
    add_site(&second, 0x1000, 7, 2);
    sections[0].bytes = exact_copy(first.bytes, first.size);
    sections[0].size = first.size;
    sections[2].bytes = exact_copy(second.bytes, second.size);
    sections[2].size = second.size;
    assert_int_equal(records_read(&image, &records, wrong, sizeof(wrong)), 0);
    assert_true(records.present);
    assert_int_equal(records.site_count, 2);
    assert_int_equal(records.sites[0].start, 0x1000);
    assert_int_equal(records.sites[0].source, 2);
    assert_int_equal(records.sites[1].start, 0x1100);
    assert_int_equal(records.sites[1].source, 1);
    assert_int_equal(records.region_count, 2);
    expect_region(&records, 0x1200, 0x1200, 64, AFTERBURN_EXEMPT_DIRECTIVE);
    expect_region(&records, 0x1208, 0x1208, 32, AFTERBURN_EXEMPT_NOT);
    records_free(&records);

    ((struct afterburn_header *)sections[2].bytes)->magic ^= 1; /* not only the first is checked */
    assert_int_equal(records_read(&image, &records, wrong, sizeof(wrong)), -1);
    assert_string_equal(wrong, "section .afterburn has no record header at offset 0x0");
    records_free(&records);
    free(sections[0].bytes);
    free(sections[2].bytes);
}

/* Many regions in falling order: sorted, and each found. */
static void many_regions(void **state)
{
    enum { NUMBER = 100000, LENGTH = 8, FIRST = 0x40000000 };
    const size_t size = sizeof(struct afterburn_header) + NUMBER * sizeof(struct afterburn_record);
    unsigned char *bytes = calloc(1, size);
    struct image_section section = {.name = ".afterburn", .size = size, .bytes = bytes};
    struct image image = {.bits = 64, .sections = &section, .section_count = 1};
    struct afterburn_record *record;
    struct records records;
    char wrong[64];

    (void)state;
    assert_non_null(bytes);
    *(struct afterburn_header *)bytes =
        (struct afterburn_header){.magic = AFTERBURN_MAGIC,
                                  .version = AFTERBURN_VERSION,
                                  .record_size = sizeof(*record),
                                  .size = (uint32_t)(size - sizeof(struct afterburn_header))};
    record = (struct afterburn_record *)(bytes + sizeof(struct afterburn_header));
    for (int i = 0; i < NUMBER; i++)
        record[i] =
            (struct afterburn_record){.kind = AFTERBURN_REGION,
                                      .bits = 32,
                                      .displacement = LENGTH,
                                      .site = FIRST + (NUMBER - 1 - i) * LENGTH -
                                              (int32_t)((unsigned char *)&record[i] - bytes)};
    assert_int_equal(records_read(&image, &records, wrong, sizeof(wrong)), 0);
    assert_int_equal(records.region_count, NUMBER);
    for (uint64_t i = 0; i < NUMBER; i++) {
        assert_int_equal(records.regions[i].start, FIRST + i * LENGTH);
        assert_ptr_equal(records_region_at(&records, FIRST + i * LENGTH + LENGTH - 1),
                         &records.regions[i]);
    }
    records_free(&records);
    free(bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(absent),         cmocka_unit_test(without_contents),
        cmocka_unit_test(empty),          cmocka_unit_test(one_chunk),
        cmocka_unit_test(equal_starts),   cmocka_unit_test(several_chunks),
        cmocka_unit_test(addresses_wrap), cmocka_unit_test(broken_chunks),
        cmocka_unit_test(regions),        cmocka_unit_test(several_sections),
        cmocka_unit_test(many_regions),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
