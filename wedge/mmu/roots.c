/* SPDX-License-Identifier: BSD-2-Clause */
/* Address spaces: each has a root for the kernel and one for user mode. Some that are not in use
 * are kept, so that a switch back finds its tables. */
#include "wedge/print.h"
#include "wedge/shadow.h"

#define ROOTS 64

struct root {
    struct shadow *kernel, *user;
    uint64_t used;
};

static struct root roots[ROOTS];
static struct root *current;
static uint64_t clock, emptied;
static bool apart, wants_apart, stack_doubted;

bool roots_current(struct shadow **kernel, struct shadow **user)
{
    if (!current)
        return false;
    *kernel = current->kernel;
    *user = current->user;
    return true;
}

static void drop(struct root *root)
{
    struct shadow *kernel = root->kernel, *user = root->user;

    *root = (struct root){.kernel = NULL};
    shadow_release(kernel);
    shadow_release(user);
}

static struct root *find(uint32_t guest)
{
    for (struct root *root = roots; root < roots + ROOTS; root++)
        if (root->kernel && root->kernel->guest == guest)
            return root;
    return NULL;
}

bool roots_drop_oldest(void)
{
    struct root *oldest = NULL;

    for (struct root *root = roots; root < roots + ROOTS; root++)
        if (root->kernel && root != current && (!oldest || root->used < oldest->used))
            oldest = root;
    if (oldest)
        drop(oldest);
    return oldest;
}

/* Empties the slots of user mode's half that lead to tables of this kind. */
static bool empty(struct shadow *root, unsigned role)
{
    bool any = false;

    backend->table_flush(false);
    for (unsigned slot = 0; slot < ENTRIES / 2; slot++) {
        const struct shadow *child = shadow_child(root, slot);

        if (!child || !(child->role & role))
            continue;
        shadow_empty(root, slot);
        any = true;
    }
    return any;
}

bool roots_make_room(void)
{
    bool any;

    if (roots_drop_oldest())
        return true;
    if (!current)
        return false;
    any = empty(current->kernel, ROLE_USER);
    any |= empty(current->user, ROLE_USER);
    if (!any)
        any = empty(current->kernel, ROLE_LOWER);
    if (any) {
        emptied++;
        stack_doubted = true;
        backend->table_flush(true);
    }
    return any;
}

uint64_t roots_emptied(void)
{
    return emptied;
}

static struct root *make(uint32_t guest)
{
    struct root *place = NULL;
    struct shadow *kernel, *user;

    kernel = shadow_find_or_create(guest, LEVELS, 0, 0);
    kernel->references++;
    user = shadow_find_or_create(guest, LEVELS, ROLE_USER, 0);
    user->references++;
    for (;;) {
        for (struct root *root = roots; root < roots + ROOTS && !place; root++)
            if (!root->kernel)
                place = root;
        if (place)
            break;
        roots_drop_oldest();
    }
    *place = (struct root){.kernel = kernel, .user = user};
    return place;
}

void shadow_load(struct vcpu *vcpu)
{
    uint64_t guest = (vcpu->cr3 & PTE_ADDRESS) >> PAGE_SHIFT;
    struct root *root;

    guest_walk_forget();
    stack_doubted = true;
    if (!(vcpu->cr0 & CR0_PG)) {
        current = NULL;
        backend->table_flush(false);
        backend->root_load(backend->identity_root, 0);
        return;
    }
    if (guest >= backend->own_pages_start)
        wedge_guest_crashed("bad CR3: there is no memory at %016lx", vcpu->cr3);
    root = find((uint32_t)guest);
    if (!root)
        root = make((uint32_t)guest);
    current = root;
    root->used = ++clock;
    backend->table_flush(false);
    backend->root_load(root->kernel->page, root->user->page);
    roots_settle(); /* not before: it may drop the root that was loaded until now */
}

/* One that is not in use is written when its address space goes away, or when the page has become
 * something else already. */
void roots_written(uint32_t guest)
{
    struct root *root = find(guest);

    if (root && root != current)
        drop(root);
}

bool roots_apart(void)
{
    return apart;
}

void roots_want_apart(void)
{
    wants_apart = !apart;
}

void roots_settle(void)
{
    if (!wants_apart)
        return;
    wants_apart = false;
    apart = true;
    for (struct root *root = roots; root < roots + ROOTS; root++)
        for (unsigned slot = 0; slot < ENTRIES / 2 && root->kernel; slot++)
            if (shadow_guest_entries(root->kernel)[slot] & PTE_PRESENT)
                shadow_update(root->kernel, slot);
}

void roots_doubt_stack(void)
{
    stack_doubted = true;
}

bool shadow_stack_doubted(void)
{
    bool doubted = stack_doubted;

    stack_doubted = false;
    return doubted;
}
