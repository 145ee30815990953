/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Searching sorted arrays by address. */
#ifndef AFTERBURNER_IMAGE_SEARCH_H
#define AFTERBURNER_IMAGE_SEARCH_H

#include <stddef.h>
#include <stdint.h>

/* For qsort: such elements by their address. */
static inline int search_compare(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return (x > y) - (x < y);
}

/* How many elements of an array have an address below `address`: the index of the first that has
 * not. The elements are `size` bytes each, begin with their address and are sorted by it. */
static inline size_t search_below(const void *array, size_t count, size_t size, uint64_t address)
{
    size_t low = 0, high = count;

    while (low < high) {
        size_t middle = (low + high) / 2;

        if (*(const uint64_t *)((const char *)array + middle * size) < address)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* The same for those at `address` or below. */
static inline size_t search_up_to(const void *array, size_t count, size_t size, uint64_t address)
{
    return address == UINT64_MAX ? count : search_below(array, count, size, address + 1);
}

#endif
